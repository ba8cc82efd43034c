drawControls();
drawTable();
drawCompare();
drawRanks();
drawCourse();
drawSensitivity();
watchRows();
for (const picture of document.querySelectorAll(".scroll > .picture")) {
  picture.parentElement.scrollLeft = picture.parentElement.scrollWidth; // on a narrow screen: where the useful rows are
}
