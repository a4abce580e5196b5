"""HTTP: h11 on Trio speaking ASGI (`server`), the phones' application and the operators' one."""
