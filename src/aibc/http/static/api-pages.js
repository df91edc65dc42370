"use strict";

const container = document.getElementById("api");

if (container.dataset.viewer === "swagger-ui") {
  SwaggerUIBundle({
    url: "/openapi.json",
    domNode: container,
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    persistAuthorization: false,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
  });
} else {
  Redoc.init("/openapi.json", { disableSearch: true, hideHostname: true }, container);
}
