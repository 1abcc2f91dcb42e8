export default { entry: "./main.js", devServer: { static: "." } };
