using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Backstop.Control.Store;

/// <summary>The tables. Each kind of database has a context of its own, because it has migrations of its own.</summary>
public abstract class StoreContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<ReleaseRow> Releases => Set<ReleaseRow>();

    public DbSet<ComponentRow> Components => Set<ComponentRow>();

    public DbSet<AliasRow> Aliases => Set<AliasRow>();

    public DbSet<RolloutRow> Rollouts => Set<RolloutRow>();

    public DbSet<JournalRow> Journal => Set<JournalRow>();

    public DbSet<JournalHeadRow> JournalHead => Set<JournalHeadRow>();

    public DbSet<EvidenceRow> Evidence => Set<EvidenceRow>();

    public DbSet<IncidentRow> Incidents => Set<IncidentRow>();

    public DbSet<GateRow> Gates => Set<GateRow>();

    public DbSet<SuiteResultRow> SuiteResults => Set<SuiteResultRow>();

    public DbSet<KeyRow> Keys => Set<KeyRow>();

    public DbSet<AnswerRow> Answers => Set<AnswerRow>();

    public DbSet<ModelNoteRow> ModelNotes => Set<ModelNoteRow>();

    public DbSet<GatewayRow> Gateways => Set<GatewayRow>();

    public DbSet<LeaseRow> Leases => Set<LeaseRow>();

    public DbSet<SiloRow> Silos => Set<SiloRow>();

    public DbSet<ClusterRow> Cluster => Set<ClusterRow>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ReleaseRow>(row =>
        {
            row.HasKey(r => r.Name);
            row.HasIndex(r => r.Digest);
            row.HasIndex(r => new { r.CreatedAt, r.Name });
        });
        modelBuilder.Entity<ComponentRow>(row =>
        {
            row.HasKey(r => new { r.Kind, r.Name, r.Version });

            // Several names may have one content; one name has it once.
            row.HasIndex(r => new { r.Kind, r.Name, r.Digest }).IsUnique();
        });
        modelBuilder.Entity<AliasRow>().HasKey(r => r.Name);
        modelBuilder.Entity<RolloutRow>(row =>
        {
            row.HasKey(r => r.Id);
            row.HasIndex(r => new { r.Alias, r.SubmittedAt });
            row.HasIndex(r => r.Alias).IsUnique().HasFilter("\"Active\"").HasDatabaseName("IX_Rollouts_Alias_Active");
        });
        modelBuilder.Entity<JournalRow>(row =>
        {
            // The number is given by the writer: a second writer that saw the same last entry fails on the key.
            row.HasKey(r => r.Sequence);
            row.Property(r => r.Sequence).ValueGeneratedNever();
            row.HasIndex(r => new { r.Alias, r.Sequence });
            row.HasIndex(r => new { r.Alias, r.At });
        });
        modelBuilder.Entity<JournalHeadRow>(row =>
        {
            row.Property(r => r.Id).ValueGeneratedNever();
            row.HasData(new JournalHeadRow { Id = 1, Sequence = 0, Hash = Registry.Journal.Genesis, At = DateTimeOffset.UnixEpoch });
        });
        modelBuilder.Entity<EvidenceRow>().HasKey(r => r.Alias);
        modelBuilder.Entity<IncidentRow>(row =>
        {
            row.HasKey(r => r.Id);
            row.HasIndex(r => new { r.Alias, r.OpenedAt });

            // It is read, changed and written: who read before another wrote must not undo that.
            row.Property(r => r.Record).IsConcurrencyToken();
        });
        modelBuilder.Entity<GateRow>(row =>
        {
            row.HasKey(r => r.Id);
            row.HasIndex(r => r.Alias);
        });
        modelBuilder.Entity<SuiteResultRow>().HasKey(r => new { r.Release, r.Gate });
        modelBuilder.Entity<KeyRow>().HasKey(r => r.Prefix);
        modelBuilder.Entity<AnswerRow>(row =>
        {
            row.HasKey(r => new { r.Caller, r.Key });
            row.HasIndex(r => r.At);
        });
        modelBuilder.Entity<ModelNoteRow>().HasKey(r => new { r.Model, r.Version });
        modelBuilder.Entity<GatewayRow>().HasKey(r => r.Id);
        modelBuilder.Entity<LeaseRow>().HasKey(r => r.Name);
        modelBuilder.Entity<SiloRow>().HasKey(r => r.Address);
        modelBuilder.Entity<ClusterRow>(row =>
        {
            row.Property(r => r.Id).ValueGeneratedNever();
            row.HasData(new ClusterRow { Id = 1, Version = 0 });
        });
    }

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();

    // SQLite cannot order or compare its text form of a time.
    private sealed class UnixMilliseconds()
        : ValueConverter<DateTimeOffset, long>(t => t.ToUnixTimeMilliseconds(), ms => DateTimeOffset.FromUnixTimeMilliseconds(ms));
}
