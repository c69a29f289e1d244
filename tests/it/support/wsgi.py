"""A WSGI application that says which variables it reads the headers of a request as."""


def application(environ, start_response):
    names = sorted(name for name in environ if name.startswith("HTTP_"))
    body = "".join(f"{name}={environ[name]}\n" for name in names).encode("latin-1")
    length = ("Content-Length", str(len(body)))
    start_response("200 OK", [("Content-Type", "text/plain; charset=latin-1"), length])
    return [body]
