using LlmCourse.Runtime;

namespace LlmCourse.Tests.Runtime;

public sealed class ElfRepairTests
{
    private const string Wait = "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE";

    [Fact]
    public void A_version_that_no_relocation_refers_to_becomes_optional()
    {
        byte[] image = new ElfImage()
            .Need("libm.so.6", "GLIBC_2.2.5")
            .Need("libstdc++.so.6", "GLIBCXX_3.4.11", "GLIBCXX_3.4.32")
            .Symbol("sin", "GLIBC_2.2.5", used: true)
            .Symbol("old", "GLIBCXX_3.4.11", used: true)
            .Symbol("_ZSt21ios_base_library_initv", "GLIBCXX_3.4.32", used: false)
            .Build();
        byte[] before = [.. image];

        Assert.Equal(["GLIBCXX_3.4.32 is optional"], ElfRepair.Relax(image));

        int changed = Assert.Single(Enumerable.Range(0, image.Length), i => image[i] != before[i]);
        ElfLibrary.Need need = new ElfLibrary(image).Needs().Single(need => need.Version == "GLIBCXX_3.4.32");
        Assert.Equal(need.Flags, changed);
        Assert.Equal(2, image[changed]);
    }

    [Fact]
    public void A_version_in_use_stays_required()
    {
        byte[] image = new ElfImage().Need("libstdc++.so.6", "GLIBCXX_3.4.32").Symbol("needed", "GLIBCXX_3.4.32", used: true).Build();
        byte[] before = [.. image];

        Assert.Empty(ElfRepair.Relax(image));
        Assert.Equal(before, image);
    }

    [Fact]
    public void A_symbol_with_an_older_version_takes_that()
    {
        byte[] image = new ElfImage()
            .Need("libstdc++.so.6", "GLIBCXX_3.4.30", "GLIBCXX_3.4.11")
            .Symbol(Wait, "GLIBCXX_3.4.30", used: true)
            .Symbol("old", "GLIBCXX_3.4.11", used: true)
            .Build();

        Assert.Equal(["GLIBCXX_3.4.30 is GLIBCXX_3.4.11"], ElfRepair.Relax(image));

        ElfLibrary library = new(image);
        List<ElfLibrary.Need> needs = library.Needs();
        Assert.All(needs, need => Assert.Equal("GLIBCXX_3.4.11", need.Version));
        Assert.Equal([2, 3], needs.Select(need => need.Index));
        Assert.Equal(library.UInt32(needs[1].Hash), library.UInt32(needs[0].Hash));
    }

    [Fact]
    public void A_version_with_more_than_that_symbol_stays_as_it_is()
    {
        byte[] image = new ElfImage()
            .Need("libstdc++.so.6", "GLIBCXX_3.4.30", "GLIBCXX_3.4.11")
            .Symbol(Wait, "GLIBCXX_3.4.30", used: true)
            .Symbol("another", "GLIBCXX_3.4.30", used: true)
            .Symbol("old", "GLIBCXX_3.4.11", used: true)
            .Build();

        Assert.Empty(ElfRepair.Relax(image));
    }

    [Fact]
    public void The_older_version_must_be_of_the_same_library()
    {
        byte[] image = new ElfImage()
            .Need("libstdc++.so.6", "GLIBCXX_3.4.30")
            .Need("libother.so", "GLIBCXX_3.4.11")
            .Symbol(Wait, "GLIBCXX_3.4.30", used: true)
            .Symbol("old", "GLIBCXX_3.4.11", used: true)
            .Build();

        Assert.Empty(ElfRepair.Relax(image));
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] image = Sample();

        // The section table ends the file, so no shorter one is whole.
        for (int length = 0; length < image.Length; length++)
        {
            byte[] cut = image[..length];
            Assert.Throws<InvalidDataException>(() => ElfRepair.Relax(cut));
        }
    }

    [Fact]
    public void A_damaged_file_is_read_or_refused()
    {
        Random random = new(20240711);
        byte[] image = Sample();
        int refused = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. image];
            for (int j = random.Next(1, 4); j > 0; j--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                ElfRepair.Relax(damaged);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1, 19_999);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MZ not an ELF file at all, though it is long enough to hold a header of one, which has 64 bytes")]
    public void Something_else_is_refused(string text) =>
        Assert.Throws<InvalidDataException>(() => ElfRepair.Relax(System.Text.Encoding.ASCII.GetBytes(text)));

    private static byte[] Sample() => new ElfImage()
        .Need("libm.so.6", "GLIBC_2.2.5")
        .Need("libstdc++.so.6", "GLIBCXX_3.4.30", "GLIBCXX_3.4.11", "GLIBCXX_3.4.32")
        .Symbol("sin", "GLIBC_2.2.5", used: true)
        .Symbol(Wait, "GLIBCXX_3.4.30", used: true)
        .Symbol("old", "GLIBCXX_3.4.11", used: true)
        .Symbol("init", "GLIBCXX_3.4.32", used: false)
        .Build();
}
