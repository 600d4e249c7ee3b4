// Starts Swagger UI, if its official files are in vendor/swagger-ui/.

window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
