// Save the config of the page as a file to run the workflow with.
"use strict";
document.querySelector(".save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([document.querySelector(".yaml").textContent], { type: "application/yaml" }));
  link.download = "config.yaml";
  link.click();
  URL.revokeObjectURL(link.href);
});
