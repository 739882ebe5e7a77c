// Shows the values under the pointer. The page is whole without it.
for (const plot of document.querySelectorAll(".plot")) {
  const data = plot.querySelector("script[type='application/json']");
  if (!data) continue;
  const curves = JSON.parse(data.textContent);
  const rule = plot.appendChild(document.createElement("div"));
  const tip = plot.appendChild(document.createElement("div"));
  rule.className = "rule";
  tip.className = "tip";
  rule.hidden = tip.hidden = true;
  const show = (event) => {
    const box = plot.querySelector("svg").getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width;
    const lines = [];
    let place = null;
    for (const curve of curves) {
      let near = null;
      for (const point of curve.points) {
        if (near === null || Math.abs(point[0] - at) < Math.abs(near[0] - at)) near = point;
      }
      if (near === null) continue;
      if (place === null) {
        place = near[0];
        lines.push(near[1]);
      }
      lines.push(curve.name + "  " + near[2]);
    }
    if (place === null) return;
    rule.hidden = tip.hidden = false;
    rule.style.left = place * 100 + "%";
    tip.textContent = lines.join("\n");
    tip.style.left = place > 0.6 ? "auto" : "calc(" + place * 100 + "% + 8px)";
    tip.style.right = place > 0.6 ? "calc(" + (1 - place) * 100 + "% + 8px)" : "auto";
  };
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", () => { rule.hidden = tip.hidden = true; });
}
