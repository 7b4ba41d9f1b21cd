using System.Reflection;
using System.Runtime.Loader;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Guards;

/// <summary>Finds what runs classifiers in a folder of its own (docs/adr/0011-onnx-apart.md).</summary>
internal static class ModelPlugin
{
    private const string Plugin = "Backstop.Onnx";

    /// <exception cref="IOException">It is not there; the message says how to get it.</exception>
    public static IModelRuntime Load(string folder)
    {
        var path = Path.GetFullPath(Path.Combine(folder, Plugin + ".dll"));
        if (!File.Exists(path))
        {
            throw new FileNotFoundException(
                $"there is no {Plugin}.dll in {folder}. It comes from 'dotnet publish src/Backstop.Onnx -o FOLDER'; 'backstop serve --onnx FOLDER' says where it is.");
        }

        var runtime = new Context(path).LoadFromAssemblyPath(path).GetExportedTypes().Single(type => type.IsAssignableTo(typeof(IModelRuntime)));
        return (IModelRuntime)Activator.CreateInstance(runtime)!;
    }

    /// <summary>Its packages are its own; what gateway and plug-in talk in is the gateway's.</summary>
    private sealed class Context(string path) : AssemblyLoadContext(Plugin)
    {
        private static readonly string? Shared = typeof(IModelRuntime).Assembly.GetName().Name;

        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName name) =>
            name.Name != Shared && _resolver.ResolveAssemblyToPath(name) is { } found ? LoadFromAssemblyPath(found) : null;

        protected override nint LoadUnmanagedDll(string name) =>
            _resolver.ResolveUnmanagedDllToPath(name) is { } found ? LoadUnmanagedDllFromPath(found) : 0;
    }
}
