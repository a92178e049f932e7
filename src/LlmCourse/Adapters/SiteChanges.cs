namespace LlmCourse.Adapters;

/// <summary>Makes the changes of an adapter: all of them, or none.</summary>
internal static class SiteChanges
{
    /// <summary>Every change, made in order; where one cannot be made, those before it are freed.</summary>
    public static IReadOnlyList<KeyValuePair<NamedSite, SiteChange>> All(IEnumerable<KeyValuePair<NamedSite, SiteChange>> changes)
    {
        List<KeyValuePair<NamedSite, SiteChange>> made = [];
        try
        {
            foreach (KeyValuePair<NamedSite, SiteChange> change in changes)
                made.Add(change);
            return made;
        }
        catch
        {
            foreach ((_, SiteChange change) in made)
                change.Dispose();
            throw;
        }
    }
}
