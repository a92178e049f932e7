using System.Buffers.Binary;
using System.Text;

namespace LlmCourse.Tests.Runtime;

/// <summary>Writes a small ELF library with version needs: enough of the format for the loader's eyes, and no code.</summary>
internal sealed class ElfImage
{
    private const int HeaderSize = 64, SectionSize = 64;

    private readonly List<byte> _strings = [0];
    private readonly List<(string Library, string[] Versions)> _needs = [];
    private readonly List<(string Name, string Version, bool Used)> _symbols = [];

    public ElfImage Need(string library, params string[] versions)
    {
        _needs.Add((library, versions));
        return this;
    }

    public ElfImage Symbol(string name, string version, bool used)
    {
        _symbols.Add((name, version, used));
        return this;
    }

    public byte[] Build()
    {
        string[] versions = [.. _needs.SelectMany(need => need.Versions)];
        byte[] needs = Needs(), symbols = new byte[24 * (_symbols.Count + 1)], indices = new byte[2 * (_symbols.Count + 1)];
        List<byte> relocations = [];
        for (int i = 0; i < _symbols.Count; i++)
        {
            (string name, string version, bool used) = _symbols[i];
            Put(symbols, 24 * (i + 1), Text(name));
            BinaryPrimitives.WriteUInt16LittleEndian(indices.AsSpan(2 * (i + 1)), (ushort)(Array.IndexOf(versions, version) + 2));
            if (used)
            {
                byte[] relocation = new byte[24];
                Put(relocation, 12, (uint)(i + 1));
                relocations.AddRange(relocation);
            }
        }

        // 1 strings, 2 symbols, 3 version indices, 4 version needs, 5 relocations
        (uint Type, byte[] Body, uint Link, uint Info)[] sections =
        [
            (0, [], 0, 0), (3, _strings.ToArray(), 0, 0), (11, symbols, 1, 0), (0x6fffffff, indices, 2, 0),
            (0x6ffffffe, needs, 1, (uint)_needs.Count), (4, relocations.ToArray(), 2, 0),
        ];
        byte[] image = new byte[HeaderSize + sections.Sum(section => section.Body.Length) + (SectionSize * sections.Length)];
        "\u007fELF\u0002\u0001"u8.CopyTo(image);
        int at = HeaderSize, table = image.Length - (SectionSize * sections.Length);
        Put(image, 0x28, (uint)table);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x3a), SectionSize);
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(0x3c), (ushort)sections.Length);
        for (int i = 0; i < sections.Length; i++)
        {
            (uint type, byte[] body, uint link, uint info) = sections[i];
            body.CopyTo(image, at);
            int header = table + (SectionSize * i);
            Put(image, header + 4, type);
            Put(image, header + 24, (uint)at);
            Put(image, header + 32, (uint)body.Length);
            Put(image, header + 40, link);
            Put(image, header + 44, info);
            at += body.Length;
        }

        return image;
    }

    private byte[] Needs()
    {
        List<byte> bytes = [];
        ushort index = 2;
        for (int i = 0; i < _needs.Count; i++)
        {
            (string library, string[] versions) = _needs[i];
            byte[] need = new byte[16 * (versions.Length + 1)];
            BinaryPrimitives.WriteUInt16LittleEndian(need, 1);
            BinaryPrimitives.WriteUInt16LittleEndian(need.AsSpan(2), (ushort)versions.Length);
            Put(need, 4, Text(library));
            Put(need, 8, 16);
            Put(need, 12, i + 1 < _needs.Count ? (uint)need.Length : 0);
            for (int j = 0; j < versions.Length; j++)
            {
                int entry = 16 * (j + 1);
                Put(need, entry, Hash(versions[j]));
                BinaryPrimitives.WriteUInt16LittleEndian(need.AsSpan(entry + 6), index++);
                Put(need, entry + 8, Text(versions[j]));
                Put(need, entry + 12, j + 1 < versions.Length ? 16u : 0u);
            }

            bytes.AddRange(need);
        }

        return [.. bytes];
    }

    private static uint Hash(string name) =>
        name.Aggregate(0u, (hash, c) => { hash = (hash << 4) + c; uint top = hash & 0xf0000000; return (hash ^ (top >> 24)) & ~top; });

    private uint Text(string text)
    {
        uint at = (uint)_strings.Count;
        _strings.AddRange(Encoding.ASCII.GetBytes(text + '\0'));
        return at;
    }

    private static void Put(byte[] bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
}
