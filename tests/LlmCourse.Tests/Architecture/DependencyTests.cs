using System.Reflection;

namespace LlmCourse.Tests.Architecture;

/// <summary>
/// Dependencies point one way: the namespaces of the library, the root apart, have no cycle. Read off the compiled types:
/// signatures, fields, locals, and every instruction that names a type or a member.
/// </summary>
public sealed class DependencyTests
{
    private const string Root = "LlmCourse";

    private static readonly Lazy<Dictionary<string, HashSet<string>>> Graph = new(Uses);

    [Fact]
    public void Namespaces_have_no_cycle()
    {
        Dictionary<string, HashSet<string>> uses = Graph.Value;
        Assert.True(uses.Count > 10, "too few namespaces were found");
        string[] cycles = [.. uses.Keys.Select(from => Way(uses, from, from, [])).OfType<List<string>>().Select(way => string.Join(" → ", way))];
        Assert.True(cycles.Length == 0, string.Join("\n", cycles));
    }

    [Theory]
    [InlineData("LlmCourse.Runtime", "LlmCourse.")]
    [InlineData("LlmCourse.Tokenization", "LlmCourse.Transformers")]
    [InlineData("LlmCourse.Data", "LlmCourse.Transformers")]
    [InlineData("LlmCourse.Data", "LlmCourse.Prompting")]
    [InlineData("LlmCourse.Data", "LlmCourse.Checkpoints")]
    [InlineData("LlmCourse.Tokenization", "LlmCourse.Data")]
    [InlineData("LlmCourse.Transformers", "LlmCourse.Generation")]
    [InlineData("LlmCourse.Transformers", "LlmCourse.Training")]
    [InlineData("LlmCourse.Transformers", "LlmCourse.Adapters")]
    [InlineData("LlmCourse.Transformers", "LlmCourse.Checkpoints")]
    [InlineData("LlmCourse.Training", "LlmCourse.Generation")]
    public void Some_know_nothing_of_others(string who, string whom)
    {
        IEnumerable<string> reached = Graph.Value.Where(entry => Within(entry.Key, who)).SelectMany(entry => entry.Value).Where(used => !Within(used, who));
        Assert.DoesNotContain(reached, used => used.StartsWith(whom, StringComparison.Ordinal));
    }

    [Fact]
    public void The_graph_sees_what_a_method_body_uses() =>
        Assert.Contains("LlmCourse.Runtime", Graph.Value["LlmCourse.Transformers"]); // Kernels, called in bodies only

    private static bool Within(string name, string folder) => name == folder || name.StartsWith(folder + ".", StringComparison.Ordinal);

    private static Dictionary<string, HashSet<string>> Uses()
    {
        Dictionary<string, HashSet<string>> uses = [];
        foreach (Type type in typeof(Llm).Assembly.GetTypes().Where(type => type.Namespace is { } name && name.StartsWith(Root + ".", StringComparison.Ordinal)))
        {
            HashSet<string> used = uses.TryGetValue(type.Namespace!, out HashSet<string>? known) ? known : uses[type.Namespace!] = [];
            foreach (Type other in References(type).SelectMany(Parts))
            {
                if (other.Assembly == type.Assembly && other.Namespace is { } name && name.StartsWith(Root + ".", StringComparison.Ordinal) && name != type.Namespace)
                    used.Add(name);
            }
        }

        return uses;
    }

    private static List<string>? Way(Dictionary<string, HashSet<string>> uses, string from, string to, HashSet<string> seen)
    {
        foreach (string next in uses.GetValueOrDefault(from, []).Where(seen.Add))
        {
            if (next == to)
                return [from, to];
            if (Way(uses, next, to, seen) is { } rest)
                return [from, .. rest];
        }

        return null;
    }

    private static IEnumerable<Type> Parts(Type type) => type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericType ? [type, .. type.GetGenericArguments().SelectMany(Parts)] : [type];

    private static IEnumerable<Type> References(Type type)
    {
        if (type.BaseType is not null)
            yield return type.BaseType;
        foreach (Type reference in type.GetInterfaces().Concat(type.GetFields(Instructions.Declared).Select(field => field.FieldType)))
            yield return reference;
        foreach (MethodBase method in Instructions.Methods(type))
        {
            foreach (Type reference in method.GetParameters().Select(parameter => parameter.ParameterType).Concat(Body(method)))
                yield return reference;
            if (method is MethodInfo { ReturnType: { } returned })
                yield return returned;
        }
    }

    private static List<Type> Body(MethodBase method)
    {
        List<Type> found = [.. method.GetMethodBody()?.LocalVariables.Select(local => local.LocalType) ?? []];
        foreach (Instruction instruction in Instructions.Of(method))
        {
            found.AddRange(instruction.Member switch
            {
                Type named => [named],
                MethodBase { IsGenericMethod: true } called => [called.DeclaringType!, .. called.GetGenericArguments()],
                { DeclaringType: { } owner } => [owner],
                _ => [],
            });
        }

        return found;
    }
}
