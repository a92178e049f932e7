using System.Globalization;

namespace LlmCourse.Benchmarks;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchmarkArguments(string Model, string? Text, int Rounds, int Threads, string? Python, string? LlamaCpp, string? Json, bool Profile)
{
    public static BenchmarkArguments Parse(string[] args)
    {
        string? Value(string name) => BenchmarkArguments.Value(args, name);
        int Number(string name, int otherwise) => Value(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        if (args.Length == 0 || args[0].StartsWith('-'))
            throw new ArgumentException("The first argument must be a model (a folder or a .gguf file), or \"metrics\" and a file of texts.");
        return new BenchmarkArguments(
            args[0], Value("--text"), Number("--rounds", 5), Number("--threads", Environment.ProcessorCount),
            Value("--python"), Value("--llamacpp"), Value("--json"), args.Contains("--profile"));
    }
    /// <summary>What follows an option, if it is there.</summary>
    public static string? Value(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
}
