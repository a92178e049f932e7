using System.Xml.Linq;
using LlmCourse.Runtime;

namespace LlmCourse.Tests;

public sealed class PackageTests
{
    [Fact]
    [Trait("Category", "Repository")]
    public void The_package_brings_every_namespace_with_public_types_and_no_other()
    {
        XDocument targets = XDocument.Load(Path.Combine(Repository(), "src", "LlmCourse", "buildTransitive", "LlmCourse.targets"));
        IEnumerable<string> usings = targets.Descendants("Using").Select(item => item.Attribute("Include")!.Value);

        IEnumerable<string> expected = typeof(NativeLibraries).Assembly.GetExportedTypes()
            .Select(type => type.Namespace!)
            .Append("LlmCourse")
            .Distinct()
            .Order(StringComparer.Ordinal);

        Assert.Equal(expected, usings.Order(StringComparer.Ordinal));
    }

    private static string Repository()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "LlmCourse.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new DirectoryNotFoundException("the tests do not run from a folder inside the repository");
    }
}
