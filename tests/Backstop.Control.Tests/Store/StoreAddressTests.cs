using Backstop.Control.Store;

namespace Backstop.Control.Tests.Store;

public sealed class StoreAddressTests
{
    [Theory]
    [InlineData("postgres://ann:p%40ss%2Fw%3Aord@db.internal:6432/fleet", "Host=db.internal;Username=ann;Password=p@ss/w:ord;Database=fleet;Port=6432")]
    [InlineData("postgresql://ann@[::1]/fleet", "Host=::1;Username=ann;Database=fleet")]
    [InlineData("postgres://db/fleet", "Host=db;Database=fleet")]
    [InlineData("postgres:///fleet?host=/run/postgresql", "Host=/run/postgresql;Database=fleet")]
    [InlineData("postgres://a:b@db/fleet?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem", "SSL Mode=VerifyFull;Root Certificate=/etc/ca.pem")]
    [InlineData("postgres://a:x;Host=evil@db/fleet", "Host=db;Password=\"x;Host=evil\"")]
    public void A_url_says_where_the_store_is(string url, string settings)
    {
        var given = new Npgsql.NpgsqlConnectionStringBuilder(Assert.IsType<StoreAddress.Postgres>(StoreAddress.Parse(url)).ConnectionString);
        var expected = new Npgsql.NpgsqlConnectionStringBuilder(settings);
        Assert.All(expected.Keys, key => Assert.Equal(expected[key], given[key]));
    }

    [Theory]
    [InlineData("", "postgres://USER")]
    [InlineData("backstop.db", "postgres://USER")]
    [InlineData("mysql://ann:s3cret@db/fleet", "postgres://USER")]
    [InlineData("postgres://ann:s3cret@db", "postgres://USER")]
    [InlineData("postgres://ann:s3cret@db/", "postgres://USER")]
    [InlineData("postgres://ann:s3cret@db1,db2/fleet", "postgres://USER")]
    [InlineData("postgres://ann:s3cret@db:port/fleet", "postgres://USER")]
    [InlineData("postgres://ann:s3cret@db:99999/fleet", "1 to 65535")]
    [InlineData("postgres://ann:s3cret@db/fleet?sslmode=maybe", "verify-full")]
    [InlineData("postgres://ann:s3cret@db/fleet?sslmod=require", "Did you mean 'sslmode'?")]
    [InlineData("postgres://ann:s3cret@db/fleet?Password=s3cret", "not a setting")]
    public void A_wrong_url_is_refused_with_what_to_write_and_without_its_password(string url, string says)
    {
        var refusal = Assert.Throws<FormatException>(() => StoreAddress.Parse(url));
        Assert.Contains(says, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_as_text_has_no_password()
    {
        var address = StoreAddress.Parse("postgres://ann:s3cret@db/fleet");
        Assert.Equal("postgres://ann@db:5432/fleet", address.ToString());
    }
}
