// A link to /sign-in#<token> signs in by itself. What stands behind # never leaves the browser but in this form.
const token = decodeURIComponent(location.hash.slice(1));
if (token) {
  history.replaceState(null, "", location.pathname + location.search);
  const field = document.getElementById("token");
  field.value = token;
  field.form.requestSubmit();
}
