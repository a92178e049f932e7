using TorchSharp;

// The first statement is the program's own call to torch, before any type of LlmCourse.
using torch.Tensor sum = torch.arange(4).sum();
Console.WriteLine($"torch says {sum.ToInt64()}");

// The types below are found without a using of ours: the package brings its namespaces.
NativeLibraries.EnsureLoaded();
Console.WriteLine($"libtorch is {Loaded("libtorch_cpu.so")}");

static string Loaded(string file) => File.Exists("/proc/self/maps")
    ? File.ReadLines("/proc/self/maps").Select(line => line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries)[^1]).First(path => path.EndsWith(file, StringComparison.Ordinal))
    : file;
