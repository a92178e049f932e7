using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace LlmCourse.Runtime;

/// <summary>
/// Loads TorchSharp's native library where the runtime's own search has failed: beside its libtorch, from the package
/// folders, and, where the system's libstdc++ is too old for it, in repaired form. Keeps a list of what was tried.
/// </summary>
internal sealed class NativeLoader(IReadOnlyList<string> directories, string? external)
{
    public const string TorchSharp = "LibTorchSharp";

    /// <summary>In the order in which they depend on each other.</summary>
    private static readonly string[] Libtorch = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];
    private static readonly string[] Required = ["c10", "torch_cpu", "torch"];

    private readonly Dictionary<string, nint> _loaded = [];
    private readonly List<string> _tried = [];
    private NativeLibraryException? _refusal;

    public static NativeLoader ForThisProcess() =>
        new(SearchDirectories(), Environment.GetEnvironmentVariable(NativeLibraries.LibtorchVariable));

    public static bool Knows(string name) => name == TorchSharp || Array.IndexOf(Libtorch, name) >= 0;

    public static string FileName(string name) =>
        OperatingSystem.IsWindows() ? name + ".dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    /// <summary>What the system's loader said: the runtime puts that below a general line of its own.</summary>
    public static string Reason(Exception e)
    {
        string[] lines = e.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return string.Join("; ", lines.Skip(lines.Length > 1 ? 1 : 0).Distinct());
    }

    /// <summary>The handle of a library: loads TorchSharp's own; of libtorch only what has been loaded from outside.</summary>
    public nint Find(string name)
    {
        ThrowIfRefused();
        return name == TorchSharp ? Load() : _loaded.GetValueOrDefault(name);
    }

    public void ThrowIfRefused()
    {
        if (_refusal is not null)
            throw _refusal;
    }

    /// <summary>Loads libtorch from the directory named by the environment; false when torch is unusable because that failed.</summary>
    public bool TryLoadExternal()
    {
        try
        {
            LoadExternal(external!);
            return true;
        }
        catch (NativeLibraryException e)
        {
            _refusal = e;
            return false;
        }
    }

    public nint Load()
    {
        ThrowIfRefused();
        if (_loaded.TryGetValue(TorchSharp, out nint handle))
            return handle;

        if (!_loaded.ContainsKey("torch"))
            TryLoadFirst("torch", out _);
        if (!TryLoadFirst(TorchSharp, out handle) && !TryLoadRepaired(out handle))
            throw _refusal = Failure("TorchSharp's native library cannot be loaded.");

        return _loaded[TorchSharp] = handle;
    }

    private void LoadExternal(string given)
    {
        string directory = Path.GetFullPath(given);
        if (File.Exists(Path.Combine(directory, "lib", FileName("torch_cpu"))))
            directory = Path.Combine(directory, "lib");
        if (Required.FirstOrDefault(name => !File.Exists(Path.Combine(directory, FileName(name)))) is { } missing)
            throw Failure($"{NativeLibraries.LibtorchVariable} is '{given}', but there is no {FileName(missing)} in it.");
        if (LinkMap.IsLoaded(FileName("torch_cpu")))
            throw Failure($"{NativeLibraries.LibtorchVariable} is '{given}', but another libtorch is in use already: call {nameof(NativeLibraries)}.{nameof(NativeLibraries.Register)} before the first use of torch.");

        foreach (string name in Libtorch)
        {
            string path = Path.Combine(directory, FileName(name));
            if (!File.Exists(path))
                continue;
            if (!TryLoadFile(path, out nint handle))
                throw Failure($"{NativeLibraries.LibtorchVariable} is '{given}', but its libraries cannot be loaded.");

            _loaded[name] = handle;
            ReplaceOwn(name, handle, path);
        }
    }

    /// <summary>
    /// TorchSharp asks for libtorch by name, and the runtime then looks into the application's folder first: a second
    /// libtorch in one process aborts it. So the application's own copy has to mean the one that is loaded.
    /// </summary>
    private void ReplaceOwn(string name, nint handle, string path)
    {
        string? own = directories.Select(directory => Path.Combine(directory, FileName(name))).FirstOrDefault(File.Exists);
        if (own is not null && own != path && !LinkMap.TryAlias(handle, own))
            throw Failure($"{NativeLibraries.LibtorchVariable} is set, but the application brings its own libtorch ('{own}'): build it with TorchBackend=none.");
    }

    private bool TryLoadFirst(string name, out nint handle)
    {
        string[] paths = [.. directories.Select(directory => Path.Combine(directory, FileName(name))).Where(File.Exists).Distinct()];
        if (paths.Length == 0)
            _tried.Add($"{FileName(name)}: in none of {string.Join(", ", directories)}");
        foreach (string path in paths)
        {
            if (TryLoadFile(path, out handle))
                return true;
        }

        handle = 0;
        return false;
    }

    private bool TryLoadRepaired(out nint handle)
    {
        handle = 0;
        string? path = directories.Select(directory => Path.Combine(directory, FileName(TorchSharp))).FirstOrDefault(File.Exists);
        if (path is null || !OperatingSystem.IsLinux())
            return false;

        try
        {
            byte[] image = File.ReadAllBytes(path);
            IReadOnlyList<string> changes = ElfRepair.Relax(image);
            if (changes.Count == 0)
                _tried.Add($"{path}: nothing in it that could be repaired");
            else
                handle = LibraryImage.Load(FileName(TorchSharp), image, _tried);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            _tried.Add($"{path}: {e.Message}");
        }

        return handle != 0;
    }

    private bool TryLoadFile(string path, out nint handle)
    {
        try
        {
            handle = NativeLibrary.Load(path);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            _tried.Add($"{path}: {Reason(e)}");
            handle = 0;
            return false;
        }
    }

    private NativeLibraryException Failure(string what)
    {
        StringBuilder text = new(what);
        text.Append(CultureInfo.InvariantCulture, $" An application chooses its libtorch with the package TorchSharp-cpu, TorchSharp-cuda-linux or TorchSharp-cuda-windows, or by {NativeLibraries.LibtorchVariable}.");
        foreach (string line in _tried.Prepend($"this system: {RuntimeInformation.OSDescription}, {RuntimeInformation.RuntimeIdentifier}"))
            text.Append(CultureInfo.InvariantCulture, $"{Environment.NewLine}  {line}");
        return new NativeLibraryException(text.ToString());
    }

    private static List<string> SearchDirectories()
    {
        List<string> found = [];
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string hosts)
            found.AddRange(hosts.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));

        string native = Path.Combine("runtimes", PortableRuntimeIdentifier(), "native");
        found.Add(AppContext.BaseDirectory);
        found.Add(Path.Combine(AppContext.BaseDirectory, native));
        if (Path.GetDirectoryName(typeof(torch).Assembly.Location) is { Length: > 0 } managed)
        {
            found.Add(managed);
            found.Add(Path.GetFullPath(Path.Combine(managed, "..", "..", native)));
        }

        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Packages use these names; RuntimeInformation.RuntimeIdentifier may be one of a distribution's own.</summary>
    private static string PortableRuntimeIdentifier() =>
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")
        + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
}
