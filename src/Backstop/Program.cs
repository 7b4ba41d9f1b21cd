using Backstop;
using Backstop.CommandLine;
using Backstop.Hosting;

ChildProcess.EndWithParent();
return await Shell.Run(Verbs.All(), args);
