drawControls();
drawTable();
drawCompare();
drawOrders();
watchRows();
