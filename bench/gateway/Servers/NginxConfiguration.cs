using Backstop.GatewayBench.Load;

namespace Backstop.GatewayBench.Servers;

/// <summary>nginx as one process that keeps its connections and logs nothing, with one place for everything or with many tenants.</summary>
/// <remarks>
/// A tenant's name is looked up in a map, which is a hash, and gives where at the model server its requests go. All tenants share an
/// upstream and its kept connections, as our aliases do. A map could give each tenant an upstream of its own, but nginx compares what a
/// variable names with one upstream after the other (<c>ngx_http_upstream_init_request</c>): with ten thousand of them nearly all of its
/// time is that search. A location for each tenant avoids it, and takes more time and memory than the map.
/// </remarks>
internal static class NginxConfiguration
{
    /// <summary>The text of the file.</summary>
    /// <param name="tenants">0 for one place that takes everything.</param>
    public static string Of(string folder, int port, int upstream, string buffering, int tenants) => $$"""
        daemon off; master_process off; worker_processes 1; pid {{folder}}/nginx.pid; error_log {{folder}}/error.log;
        events { worker_connections 4096; }
        http {
            access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/f;
            uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s; keepalive_requests 1000000000;
            proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering {{buffering}};
            upstream models { server 127.0.0.1:{{upstream}}; keepalive 256; keepalive_requests 1000000000; }
            {{(tenants == 0 ? "" : Map(tenants))}}
            server {
                listen 127.0.0.1:{{port}};
                {{(tenants == 0 ? Everything : Mapped)}}
            }
        }
        """;

    private const string Everything = "location / { proxy_pass http://models; }";

    private const string Mapped = """
        location ~ ^(?<tenant>/[^/]+)(?<rest>/.*)$ {
            if ($target = "") { return 404; }
            proxy_pass http://models$target$rest$is_args$args;
        }
        """;

    // With its own sizes nginx warns of ten thousand that it could not build the best hash.
    private static string Map(int tenants) => $$"""
        map_hash_max_size 65536; map_hash_bucket_size 128;
        map $tenant $target {
        {{string.Join('\n', Enumerable.Range(1, tenants).Select(number => $"{Workload.PathOf(number)} /target-{number};"))}}
        }
        """;
}
