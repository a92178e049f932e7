using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace LlmCourse.Runtime;

/// <summary>
/// Makes TorchSharp's native libraries load on every supported system (see docs/native-start.md). C# applications need not
/// call this: the package compiles a module initializer into them that does. Others call <see cref="Register"/> first.
/// </summary>
public static class NativeLibraries
{
    /// <summary>The environment variable that names a directory with a libtorch to use instead of the application's own.</summary>
    public const string LibtorchVariable = "LLMCOURSE_LIBTORCH";

    private static readonly Lock Gate = new();
    private static bool _registered;
    private static bool _refusing;
    private static NativeLoader? _loader;

    /// <summary>
    /// Offers help to the runtime for the day when TorchSharp's libraries cannot be loaded the plain way. Costs next to
    /// nothing, loads nothing and never throws: an application that never uses torch never pays for it. Only where
    /// <see cref="LibtorchVariable"/> is set are libraries loaded at once, because they must come before the application's
    /// own; if that fails, the first use of torch throws. May be called any number of times.
    /// </summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (_registered)
                return;

            _registered = true;
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
            if (AssemblyLoadContext.GetLoadContext(typeof(NativeLibraries).Assembly) is { } own && own != AssemblyLoadContext.Default)
                own.ResolvingUnmanagedDll += Resolve;

            if (Environment.GetEnvironmentVariable(LibtorchVariable) is { Length: > 0 } && !Loader().TryLoadExternal())
                TryRefuseCalls();
        }
    }

    /// <summary>Loads the native libraries now, where the first use of torch would otherwise do it.</summary>
    /// <exception cref="NativeLibraryException">They cannot be loaded; the message lists what was tried.</exception>
    public static void EnsureLoaded()
    {
        Register();
        lock (Gate)
        {
            bool found = NativeLibrary.TryLoad(NativeLoader.TorchSharp, typeof(torch).Assembly, null, out _);
            _loader?.ThrowIfRefused();
            if (!found)
                Loader().Load();
        }
    }

    /// <summary>
    /// The runtime asks here after its own search has failed. TorchSharp swallows what is thrown to its first question and
    /// then copies half a gigabyte about, to no end: so it gets an answer, and its first real call throws.
    /// </summary>
    private static nint Resolve(Assembly assembly, string name)
    {
        if (!NativeLoader.Knows(name))
            return 0;

        lock (Gate)
        {
            try
            {
                return Loader().Find(name);
            }
            catch (NativeLibraryException) when (assembly == typeof(torch).Assembly && TryRefuseCalls())
            {
                return NativeLibrary.GetMainProgramHandle();
            }
        }
    }

    /// <summary>
    /// From now on every native call of TorchSharp throws what <see cref="NativeLoader"/> found. A libtorch that was asked for
    /// and is unusable is not replaced silently by the application's own either.
    /// </summary>
    private static bool TryRefuseCalls()
    {
        if (_refusing)
            return true;

        try
        {
            NativeLibrary.SetDllImportResolver(typeof(torch).Assembly, (name, _, _) => NativeLoader.Knows(name) ? Loader().Find(name) : 0);
            return _refusing = true;
        }
        catch (InvalidOperationException)
        {
            return false; // The application has set one: it chooses its libraries itself.
        }
    }

    private static NativeLoader Loader() => _loader ??= NativeLoader.ForThisProcess();
}
