using System.CommandLine;

var root = new RootCommand("Backstop: the safety net of a model-serving fleet.");
return await root.Parse(args).InvokeAsync();
