"use strict";

const container = document.getElementById("api");

function followColorScheme(dark) {
  document.documentElement.classList.toggle("dark-mode", dark.matches);
}

if (container.dataset.viewer === "swagger-ui") {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  followColorScheme(dark);
  dark.addEventListener("change", followColorScheme);
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
