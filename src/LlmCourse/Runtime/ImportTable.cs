using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace LlmCourse.Runtime;

/// <summary>
/// Where a loaded library keeps the addresses of the functions that it calls in others (System V ABI, "procedure linkage
/// table"), read from its dynamic section in memory.
/// </summary>
[SupportedOSPlatform("linux")]
internal static unsafe class ImportTable
{
    private const int DynamicSection = 2; // the third pointer of struct link_map (link.h): address, name, dynamic section
    private const long End = 0, JumpSlotsSize = 2, StringTable = 5, SymbolTable = 6, JumpSlots = 23;
    private const int RelocationSize = 24, SymbolSize = 24;

    /// <summary>The cell with the address of <paramref name="function"/> in the library behind a handle of the loader; 0 where there is none that can be written to.</summary>
    public static nint* Find(nint handle, string function)
    {
        nint address = Marshal.ReadIntPtr(handle);
        long* entry = (long*)Marshal.ReadIntPtr(handle, DynamicSection * nint.Size);
        byte* strings = null, symbols = null, slots = null;
        long size = 0;
        for (; entry[0] != End; entry += 2)
        {
            switch (entry[0])
            {
                case JumpSlotsSize: size = entry[1]; break;
                case StringTable: strings = At(entry[1]); break;
                case SymbolTable: symbols = At(entry[1]); break;
                case JumpSlots: slots = At(entry[1]); break;
            }
        }

        if (strings is null || symbols is null || slots is null)
            return null;
        for (byte* slot = slots; slot < slots + size; slot += RelocationSize)
        {
            uint symbol = *(uint*)(slot + 12);
            if (symbol == 0 || Marshal.PtrToStringUTF8((nint)(strings + *(uint*)(symbols + ((long)symbol * SymbolSize)))) != function)
                continue;
            byte* cell = (byte*)address + *(long*)slot;
            return IsWritable((nint)cell) ? (nint*)cell : null;
        }

        return null;

        // Some versions of the loader have added the load address to these already.
        byte* At(long pointer) => (byte*)(pointer < address ? address + pointer : pointer);
    }

    // A library that was bound as a whole has made its table read-only.
    private static bool IsWritable(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            // 7f3c00000000-7f3c00021000 rw-p ...
            int dash = line.IndexOf('-', StringComparison.Ordinal), blank = line.IndexOf(' ', StringComparison.Ordinal);
            if (long.TryParse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long from)
                && long.TryParse(line.AsSpan(dash + 1, blank - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long to)
                && from <= address && address < to)
                return line[blank + 2] == 'w';
        }

        return false;
    }
}
