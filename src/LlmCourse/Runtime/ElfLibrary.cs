using System.Buffers.Binary;
using System.Text;

namespace LlmCourse.Runtime;

/// <summary>
/// The little of a 64-bit little-endian ELF library that symbol versions are about: which versions of other libraries it
/// needs, and which symbols of each its relocations refer to. Every offset is checked; a broken file is an
/// <see cref="InvalidDataException"/>.
/// </summary>
internal sealed class ElfLibrary
{
    private const uint Relocations = 4, DynamicSymbols = 11, VersionNeeds = 0x6ffffffe, SymbolVersions = 0x6fffffff;
    private const int SectionSize = 64, SymbolSize = 24, RelocationSize = 24, NeedSize = 16;

    private readonly byte[] _image;
    private readonly List<Section> _sections = [];

    public ElfLibrary(byte[] image)
    {
        _image = image;
        if (!Slice(0, 6).SequenceEqual("\u007fELF\u0002\u0001"u8))
            throw new InvalidDataException("not a 64-bit little-endian ELF file");

        long table = Int64(0x28);
        int count = UInt16(0x3c);
        if (UInt16(0x3a) != SectionSize)
            throw new InvalidDataException("ELF sections of an unknown size");

        for (int i = 0; i < count; i++)
        {
            long at = table + ((long)i * SectionSize);
            Slice(at, SectionSize);
            _sections.Add(new Section(UInt32(at + 4), Int64(at + 24), Int64(at + 32), UInt32(at + 40), UInt32(at + 44)));
        }
    }

    /// <summary>One version that another library must have; <paramref name="Index"/> is how symbols refer to it.</summary>
    public readonly record struct Need(long Offset, string Library, string Version, int Index)
    {
        public long Hash => Offset;

        public long Flags => Offset + 4;

        public long Name => Offset + 8;
    }

    private readonly record struct Section(uint Type, long Offset, long Size, uint Link, uint Info);

    public List<Need> Needs()
    {
        List<Need> needs = [];
        foreach (Section section in _sections.Where(section => section.Type == VersionNeeds))
        {
            long at = section.Offset;
            for (uint i = 0; i < section.Info; i++)
            {
                string library = Text(section.Link, UInt32(at + 4));
                long entry = at + UInt32(at + 8);
                for (int left = UInt16(at + 2); left > 0; left--)
                {
                    needs.Add(new Need(entry, library, Text(section.Link, UInt32(entry + 8)), UInt16(entry + 6)));
                    if (needs.Count > _image.Length / NeedSize)
                        throw new InvalidDataException("ELF version needs that run in a circle");
                    entry += UInt32(entry + 12);
                }

                uint next = UInt32(at + 12);
                if (next == 0)
                    break;
                at += next;
            }
        }

        return needs;
    }

    /// <summary>The names of the symbols that relocations refer to, by the index of their version.</summary>
    public ILookup<int, string> UsedSymbols()
    {
        Section versions = _sections.FirstOrDefault(section => section.Type == SymbolVersions);
        HashSet<(int Version, string Name)> used = [];
        foreach (Section section in _sections.Where(section => section.Type == Relocations))
        {
            Section symbols = SectionAt(section.Link);
            for (long at = 0; at + RelocationSize <= section.Size; at += RelocationSize)
            {
                uint symbol = UInt32(section.Offset + at + 12);
                if (symbol == 0 || symbols.Type != DynamicSymbols)
                    continue;

                string name = Text(symbols.Link, UInt32(symbols.Offset + ((long)symbol * SymbolSize)));
                used.Add((UInt16(versions.Offset + ((long)symbol * 2)) & 0x7fff, name));
            }
        }

        return used.ToLookup(symbol => symbol.Version, symbol => symbol.Name);
    }

    public ushort UInt16(long offset) => BinaryPrimitives.ReadUInt16LittleEndian(Slice(offset, 2));

    public uint UInt32(long offset) => BinaryPrimitives.ReadUInt32LittleEndian(Slice(offset, 4));

    public void Write(long offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Slice(offset, 2), value);

    public void Write(long offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Slice(offset, 4), value);

    private long Int64(long offset) => BinaryPrimitives.ReadInt64LittleEndian(Slice(offset, 8));

    private Section SectionAt(uint index) =>
        index < _sections.Count ? _sections[(int)index] : throw new InvalidDataException("an ELF section that is not there");

    private string Text(uint table, uint offset)
    {
        Section strings = SectionAt(table);
        Span<byte> rest = Slice(strings.Offset, strings.Size);
        rest = offset < rest.Length ? rest[(int)offset..] : [];
        int end = rest.IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(rest[..end]) : throw new InvalidDataException("an ELF name without an end");
    }

    private Span<byte> Slice(long offset, long length) =>
        offset >= 0 && length >= 0 && offset <= _image.Length && length <= _image.Length - offset
            ? _image.AsSpan((int)offset, (int)length)
            : throw new InvalidDataException("an ELF offset outside the file");
}
