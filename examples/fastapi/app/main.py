"""The routes."""

from fastapi import FastAPI

from app.settings import Settings

settings = Settings()
app = FastAPI(title="shop")


@app.get("/health")
@app.get("/health/live")
@app.get("/health/ready")
@app.get("/health/startup")
def health() -> dict[str, str]:
    """Says how the service is. A real one looks at its database before it is ready."""
    return {"status": "healthy", "environment": settings.environment}


@app.get("/price/{net}")
def price(net: int) -> dict[str, str]:
    """The price with tax."""
    return {"region": settings.region, "gross": str(net * (1 + settings.vat))}
