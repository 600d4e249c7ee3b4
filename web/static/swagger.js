// Starts Swagger UI, whose official files somebody has put into vendor/swagger-ui/.

window.SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
