using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace LlmCourse.Runtime;

/// <summary>
/// Lets the memory of a tensor be used again by the next of its size. libtorch asks the C library for blocks at multiples of 64
/// bytes, and glibc serves such a request from a hole that is larger by the alignment only: freed tensors leave holes that no
/// tensor of their own size fits into, a fifth of a training process. Here libtorch's requests are first made as plain ones of
/// a size that keeps the next block aligned; where that is not aligned by chance, they are made as before. What is handed out
/// are the C library's own blocks, and it frees them as ever.
/// </summary>
internal static unsafe partial class AlignedBlocks
{
    private const nuint Alignment = 64, Smallest = 4096;
    private const ulong Largest = 1UL << 46;
    private const nuint Header = 8; // what glibc adds to a block

    private static readonly Lock Gate = new();
    private static bool? _installed;

    /// <summary>
    /// From now on, and once for the process. False where this libtorch or C library offers no way, or libtorch is not loaded yet.
    /// </summary>
    public static bool Reuse()
    {
        // The function must stay as long as libtorch does.
        if (!OperatingSystem.IsLinux() || typeof(AlignedBlocks).Assembly.IsCollectible)
            return false;
        lock (Gate)
        {
            if (_installed is null && LinkMap.TryFind(NativeLoader.FileName("c10"), out nint library))
                _installed = Install(library);
            return _installed ?? false;
        }
    }

    [SupportedOSPlatform("linux")]
    private static bool Install(nint library)
    {
        nint* cell = ImportTable.Find(library, "posix_memalign");
        if (cell is null || !NativeLibrary.TryLoad("libc.so.6", out nint c) || !NativeLibrary.TryGetExport(c, "posix_memalign", out nint original))
            return false;

        // Compiled, and its imports bound, before a native thread comes along.
        delegate* unmanaged[Cdecl]<void**, nuint, nuint, int> replacement = &Allocate;
        void* block = null;
        if (replacement(&block, Alignment, Smallest) != 0)
            return false;
        Free(block);

        AppDomain.CurrentDomain.ProcessExit += (_, _) => Volatile.Write(ref *cell, original); // destructors of libtorch run without us
        Volatile.Write(ref *cell, (nint)replacement);
        return true;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Allocate(void** block, nuint alignment, nuint size)
    {
        if (alignment != Alignment || size < Smallest || size > Largest)
            return AllocateAligned(block, alignment, size);

        // A whole number of alignments, header included: cut from a hole, it leaves an aligned rest.
        nuint whole = ((size + Header + Alignment - 1) & ~(Alignment - 1)) - Header;
        void* plain = AllocatePlain(whole);
        if (((nuint)plain & (Alignment - 1)) == 0 && plain is not null)
        {
            *block = plain;
            return 0;
        }

        Free(plain);
        return AllocateAligned(block, alignment, whole);
    }

    [LibraryImport("libc.so.6", EntryPoint = "posix_memalign")]
    private static partial int AllocateAligned(void** block, nuint alignment, nuint size);

    [LibraryImport("libc.so.6", EntryPoint = "malloc")]
    private static partial void* AllocatePlain(nuint size);

    [LibraryImport("libc.so.6", EntryPoint = "free")]
    private static partial void Free(void* block);
}
