using System.Reflection;
using System.Runtime.Loader;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;
using MethodBody = Mono.Cecil.Cil.MethodBody;

namespace Backstop.Core.Tests.Guards.Work;

/// <summary>A copy of the core that counts what it does: each call and each turn of a loop is a step, each character that a search passes is one.</summary>
/// <remarks>
/// The compiled code is rewritten, so that nothing in the core is slower or longer for being counted. Whether a text costs time in
/// proportion to its length is then a number that is the same on every machine, and not a measurement.
/// </remarks>
internal sealed class StepCounter
{
    private static readonly Lazy<StepCounter> Only = new(() => new StepCounter());

    private readonly MethodInfo _run;

    private StepCounter()
    {
        var context = new Context(Rewritten());
        var tests = context.LoadFromAssemblyPath(typeof(StepCounter).Assembly.Location);
        _run = tests.GetType(typeof(CountedRun).FullName!)!.GetMethod(nameof(CountedRun.Steps))!;
    }

    /// <summary>The steps that a ring of one policy takes for one text.</summary>
    /// <param name="piece">How many characters of an answer come at once; 0 for the whole text.</param>
    public static long Of(string policy, string stage, string text, int piece = 0) =>
        (long)Only.Value._run.Invoke(null, [policy, stage, text, piece])!;

    private static MemoryStream Rewritten()
    {
        using var module = ModuleDefinition.ReadModule(typeof(Core.Guards.Ring).Assembly.Location);
        var steps = module.ImportReference(typeof(CountedSearch).GetField(nameof(CountedSearch.Steps)));
        var searches = typeof(CountedSearch).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .ToDictionary(search => KeyOf(search.Name, search.IsGenericMethod, search.GetParameters().Select(parameter => NameOf(parameter.ParameterType))), module.ImportReference);
        foreach (var method in module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody))
        {
            method.Body.SimplifyMacros();
            CountSearches(method.Body, searches);
            CountTurns(method.Body, steps);
            method.Body.OptimizeMacros();
        }

        var stream = new MemoryStream();
        module.Write(stream);
        stream.Position = 0;
        return stream;
    }

    private static void CountSearches(MethodBody body, Dictionary<string, MethodReference> searches)
    {
        foreach (var instruction in body.Instructions.ToList())
        {
            if (instruction.Operand is MethodReference { DeclaringType: var type } called && type.FullName is "System.MemoryExtensions" or "System.String"
                && searches.TryGetValue(KeyOf(called.Name, called is GenericInstanceMethod, (called.HasThis ? [NameOf(type)] : Array.Empty<string>()).Concat(called.Parameters.Select(parameter => NameOf(parameter.ParameterType)))), out var counted))
            {
                instruction.OpCode = OpCodes.Call;
                instruction.Operand = called is GenericInstanceMethod generic ? Of(counted, generic.GenericArguments) : counted;
            }
        }
    }

    private static GenericInstanceMethod Of(MethodReference method, IEnumerable<TypeReference> arguments)
    {
        var closed = new GenericInstanceMethod(method);
        foreach (var argument in arguments)
        {
            closed.GenericArguments.Add(argument);
        }

        return closed;
    }

    private static void CountTurns(MethodBody body, FieldReference steps)
    {
        var at = body.Instructions.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        var targets = body.Instructions
            .SelectMany(jump => (jump.Operand switch { Instruction one => [one], Instruction[] many => many, _ => Array.Empty<Instruction>() }).Where(target => at[target] <= at[jump]))
            .Append(body.Instructions[0]).Distinct().ToList();
        var il = body.GetILProcessor();
        foreach (var target in targets)
        {
            Instruction[] count = [il.Create(OpCodes.Ldsfld, steps), il.Create(OpCodes.Ldc_I4_1), il.Create(OpCodes.Conv_I8), il.Create(OpCodes.Add), il.Create(OpCodes.Stsfld, steps)];
            Array.ForEach(count, instruction => il.InsertBefore(target, instruction));
            Redirect(body, target, count[0], count);
        }
    }

    private static void Redirect(MethodBody body, Instruction from, Instruction to, Instruction[] except)
    {
        foreach (var instruction in body.Instructions.Where(instruction => !except.Contains(instruction)))
        {
            instruction.Operand = instruction.Operand switch
            {
                Instruction one when one == from => to,
                Instruction[] many => Array.ConvertAll(many, target => target == from ? to : target),
                var other => other,
            };
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            (handler.TryStart, handler.TryEnd) = (handler.TryStart == from ? to : handler.TryStart, handler.TryEnd == from ? to : handler.TryEnd);
            (handler.HandlerStart, handler.HandlerEnd) = (handler.HandlerStart == from ? to : handler.HandlerStart, handler.HandlerEnd == from ? to : handler.HandlerEnd);
        }
    }

    private static string KeyOf(string name, bool isGeneric, IEnumerable<string> parameters) => $"{name}{(isGeneric ? "<>" : "")}({string.Join(',', parameters)})";

    private static string NameOf(TypeReference type) => type is GenericParameter ? "T" : type.Name;

    private static string NameOf(Type type) => type.IsGenericParameter ? "T" : type.Name;

    /// <summary>The counting core, and the tests that drive it; all else is shared.</summary>
    private sealed class Context(MemoryStream core) : AssemblyLoadContext("counted")
    {
        private static readonly string?[] Own = [typeof(Core.Guards.Ring).Assembly.GetName().Name, typeof(StepCounter).Assembly.GetName().Name];

        private readonly Lock _lock = new();
        private Assembly? _core;

        protected override Assembly? Load(AssemblyName name)
        {
            lock (_lock)
            {
                return name.Name == Own[0] ? _core ??= LoadFromStream(core)
                    : name.Name == Own[1] ? LoadFromAssemblyPath(typeof(StepCounter).Assembly.Location)
                    : null;
            }
        }
    }
}
