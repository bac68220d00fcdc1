package scanner

import (
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/option"
	"github.com/winnowmail/winnow/config/ucl"
	"github.com/winnowmail/winnow/exporter"
)

// A Daemon is what files say of a program around a Scanner. Zero fields say
// nothing.
type Daemon struct {
	// State is the URL of the Redis server, as package storage/redis takes it.
	State string
	DNS   DNS
	Maps  Maps
	// Controller is where the HTTP API listens, HOST:PORT; Milter is where MTAs
	// ask, HOST:PORT or unix:PATH.
	Controller string
	Milter     []Socket
	// Access says who may use the HTTP API.
	Access Access
	// DiscardOnReject and QuarantineOnReject are the milter's.
	DiscardOnReject, QuarantineOnReject bool
	History                             History
	// Autolearn is what is learned by itself: "", "action", or HAM,SPAM.
	Autolearn string
	LogLevel  *slog.Level
	// Exports are what other services are told; its Publisher is the program's.
	Exports exporter.Options
}

// Access says who may use the HTTP API: it has the fields of controller.Access.
type Access struct {
	Password, EnablePassword string
	Trusted                  []netip.Prefix
	MaxFailures              int
	Window                   time.Duration
}

// A Socket is an address of the milter, with the mode and owner of a file.
type Socket struct{ Address, Mode, Owner string }

// History is what is kept of scans, in Redis.
type History struct {
	Rows  int    // 0: none is kept
	Key   string // of the list
	Plain bool   // rows are not compressed
	// Hash has the subject stand as a hash.
	Hash bool
}

// history is the table of history_redis, which counts where there is a Redis.
func (s *Setup) history() *option.Section {
	h := History{Rows: 200}
	compress := true
	prefix := "rs_history"
	return &option.Section{Name: "history_redis", Doc: "keeps a row of each scan in Redis", Keys: []option.Key{
		option.Int("nrows", &h.Rows, "how many rows are kept"),
		option.String("key_prefix", &prefix, "name of the list; {{HOSTNAME}} and {{COMPRESS}} stand for the host's name and for _zst"),
		option.Bool("compress", &compress, "compress rows"),
		option.Bool("subject_privacy", &h.Hash, "keep a hash of the subject only"),
		option.Fixed("subject_privacy_alg", "blake2", "the hash is BLAKE2b, as Rspamd's by default"),
		option.Fixed("subject_privacy_prefix", "obf", "the prefix is Rspamd's"),
		option.Fixed("subject_privacy_length", 16, "the length is Rspamd's"),
		option.Fixed("expand_keys", true, "keys are expanded"),
	}, Use: func() error {
		h.Plain, h.Key = !compress, prefix
		s.Daemon.History = h
		return nil
	}}
}

// HistoryKey is the name of the list for a host.
func (h History) HistoryKey(host string) string {
	end := "_zst"
	if h.Plain {
		end = ""
	}
	if !strings.Contains(h.Key, "{{") {
		return h.Key + host + end
	}
	return strings.NewReplacer("{{HOSTNAME}}", host, "{{COMPRESS}}", end).Replace(h.Key)
}

// logging is the table of logging.
func (s *Setup) logging() *option.Section {
	levels := map[string]*slog.Level{}
	for word, level := range map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "notice": slog.LevelInfo, "silent": slog.LevelInfo,
		"warning": slog.LevelWarn, "error": slog.LevelError, "critical": slog.LevelError,
	} {
		levels[word] = &level
	}
	return &option.Section{Name: "logging", Doc: "says what is told", Keys: append([]option.Key{
		option.Enum("level", &s.Daemon.LogLevel, levels, "the least that is told; silent tells each message's line, as docker-mailserver expects"),
		option.Fixed("type", "console", "the log goes to standard error"),
		option.Fixed("color", false, "lines have no colours"),
		option.Fixed("systemd", false, "lines have the time"),
		option.Fixed("log_usec", false, "times are whole seconds"),
	}, option.Without("the log goes to standard error", "filename", "facility", "log_buffered", "log_buffer", "log_severity", "log_json",
		"log_urls", "log_re_cache", "log_format", "debug_modules", "debug_ip", "max_log_tag", "error_elts", "error_maxlen", "log_errors")...)}
}

// redis is where state is kept.
func (s *Setup) redis() error {
	r := redisServer{timeout: time.Second}
	v, ok := s.tree.Section("redis")
	if !ok {
		return nil
	}
	if err := r.table().Apply(v, s.warn); err != nil {
		return err
	}
	list := r.write
	if len(list) == 0 {
		list = r.servers
	}
	if len(list) == 0 {
		return nil
	}
	if len(list) > 1 && r.master == "" {
		s.warn(v.Errorf("redis: of several servers the first is used: name Sentinels to change over"))
	}
	s.Daemon.State = r.url(list)
	return nil
}

// redisServer is what the section redis says.
type redisServer struct {
	servers, write, sentinels      []string
	username, password, db, master string
	timeout                        time.Duration
	tls                            bool
	sentinelPassword, sentinelUser string
}

func (r *redisServer) table() *option.Section {
	list := func(name string, field *[]string, help string) option.Key {
		return option.Func(name, "list of HOST:PORT, or a socket's path", func(v option.Value) (err error) {
			*field, err = option.Servers(v)
			return err
		}, help).Example([]string{"127.0.0.1:6379"})
	}
	return &option.Section{Name: "redis", Doc: "says where state is kept", Keys: append([]option.Key{
		list("servers", &r.servers, "the server").Alias("server"),
		list("write_servers", &r.write, "the server that is written to, which is read, too"),
		list("sentinels", &r.sentinels, "Sentinels that know the server"),
		option.String("sentinel_master_name", &r.master, "the server's name with them"),
		option.String("sentinel_username", &r.sentinelUser, "user of the Sentinels"),
		option.String("sentinel_password", &r.sentinelPassword, "password of the Sentinels"),
		option.String("username", &r.username, "user of the server"),
		option.String("password", &r.password, "password of the server"),
		option.String("db", &r.db, "number of the database").Alias("dbname", "database"),
		option.Duration("timeout", &r.timeout, "how long an answer may take"),
		option.Bool("ssl", &r.tls, "speak TLS"),
		noted("read_servers", "list of HOST:PORT", "of no account: the server that is written to is read, too"),
		noted("disabled_modules", "list of strings", "of no account: what needs no store has none"),
	}, append(option.Without("there is one server for all", "expand_keys", "no_ssl_verify", "redis_version", "use_tls"),
		option.Each("*", func(string) *option.Section { return new(redisServer).below() }, "a server for one module: there is one for all"))...)}
}

// below is a server for a single module, which there is not.
func (r *redisServer) below() *option.Section {
	return &option.Section{Name: "MODULE", Doc: "a server for one module", Keys: option.Without("there is one server for all modules",
		"servers", "server", "write_servers", "read_servers", "password", "db", "dbname", "prefix", "timeout", "username", "expand_keys")}
}

// url is the server as a URL.
func (r *redisServer) url(list []string) string {
	u := url.URL{Scheme: "redis", Host: list[0]}
	if r.tls {
		u.Scheme = "rediss"
	}
	if r.username != "" || r.password != "" {
		u.User = url.UserPassword(r.username, r.password)
	}
	query := url.Values{"rspamd": {"true"}}
	if path := strings.TrimPrefix(list[0], "unix:"); strings.HasPrefix(path, "/") {
		u.Scheme, u.Host, u.Path = "unix", "", path
		if r.db != "" {
			query.Set("db", r.db)
		}
	} else if r.db != "" {
		u.Path = "/" + r.db
	}
	if len(r.sentinels) > 0 && r.master != "" {
		u.Scheme, u.Host, u.Path = u.Scheme+"+sentinel", strings.Join(r.sentinels, ","), "/"+r.master
		if r.db != "" {
			u.Path += "/" + r.db
		}
		for name, text := range map[string]string{"sentinel_username": r.sentinelUser, "sentinel_password": r.sentinelPassword} {
			if text != "" {
				query.Set(name, text)
			}
		}
	}
	if r.timeout != time.Second {
		query.Set("timeout", r.timeout.String())
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// named are the sections `name "x" { }` of one name.
func (s *Setup) named(name, which string) (list []*ucl.Value) {
	for _, part := range s.tree.Root.Get(name).AsList() {
		for _, m := range part.Members() {
			if m.Key == which {
				list = append(list, m.Values...)
			}
		}
	}
	return list
}
