// Starts Swagger UI on the document of this server. Nothing is asked of any other host.
window.ui = SwaggerUIBundle({
  dom_id: '#ui',
  url: '/openapi.json',
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
});
