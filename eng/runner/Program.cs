using System.Reflection;
using LlmCourse.Runner;
using TorchSharp;

// The published program stands in for the dotnet host where tests start a child: exec ASSEMBLY ARGUMENTS...
if (args is ["exec", string program, .. string[] rest])
    return AppDomain.CurrentDomain.ExecuteAssembly(program, rest);
if (args is not [string suite, string results, ..] || args.Length > 3)
{
    Console.Error.WriteLine("usage: SUITE RESULTS [FILTER]");
    return 2;
}

// Tests that find no device skip, which must not look like a proof.
string device = Environment.GetEnvironmentVariable("LLMCOURSE_TEST_DEVICE") is { Length: > 0 } named ? named : "cpu";
if (device.StartsWith("cuda", StringComparison.Ordinal) && !torch.cuda.is_available())
{
    Console.Error.WriteLine($"LLMCOURSE_TEST_DEVICE is {device}, and this libtorch ({Environment.GetEnvironmentVariable("LLMCOURSE_LIBTORCH")}) finds no such device");
    return 2;
}

torch.ones(1, device: torch.device(device)).Dispose();
string wanted = args.Length == 3 ? args[2] : "Category!=Long&Category!=Repository";
if (TestFilter.Parse(wanted) is not { } filter)
{
    Console.Error.WriteLine($"the filter {wanted} has brackets, which are not supported: write a&b|a&c for a&(b|c)");
    return 2;
}

using StreamWriter file = new(results) { AutoFlush = true };
Results outcome = new(file);
Suite.Run(Assembly.Load(suite), filter, outcome);
Console.WriteLine($"{suite} on {device}, {torch.cuda.device_count()} GPUs");
foreach (string line in outcome.Table())
    Console.WriteLine(line);
return outcome.Failed > 0 ? 1 : outcome.Passed > 0 ? 0 : 3;
