package scanner

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/checks/option"
)

// stateful are the modules that keep state, each of which may have a server of its
// own. What classifier "bayes" says is read with it.
func stateful() []string {
	return []string{"antivirus", "external_services", "greylist", "history_redis", "known_senders", "mx_check", "neural", "ratelimit", "replies", "reputation"}
}

// redis is where state is kept: the server of each module is that of its own
// section, else that of the section of its name within redis, else the common one.
func (s *Setup) redis() error {
	var common redisServer
	v, ok := s.tree.Section("redis")
	if ok {
		table := common.table(s.forModule)
		if err := table.Apply(v, s.warn); err != nil {
			return err
		}
		if list := common.list(); len(list) > 1 && common.master == "" {
			s.warn(v.Errorf("redis: of several servers the first is used: name Sentinels to change over"))
		}
	}
	s.Daemon.State = common.url()
	for _, name := range append(stateful(), "bayes") {
		var own redisServer
		for _, said := range []*redisServer{s.within[name], s.servers[name], s.below[name]} {
			if said != nil {
				own.inherit(said)
			}
		}
		if own.list() == nil && slices.Contains(common.without, name) {
			s.stateless = append(s.stateless, name)
			continue
		}
		if s.below[name] == nil {
			own.inherit(&common)
		}
		if where := own.url(); where != s.Daemon.State && where != "" {
			if s.Daemon.Stores == nil {
				s.Daemon.Stores = map[string]string{}
			}
			s.Daemon.Stores[name] = where
		}
	}
	for _, name := range common.without {
		if at, ok := v.Get("disabled_modules"); ok && !slices.Contains(needy(), name) {
			s.warn(at.Errorf("redis: disabled_modules: %s is not left out: it does its work without a store, too, and only keeps what it found", name))
		}
	}
	return nil
}

// needy are modules that do nothing without a store.
func needy() []string {
	return []string{"greylist", "history_redis", "known_senders", "neural", "ratelimit", "replies", "reputation"}
}

// stored says whether a module has a store; general, that there is one for all.
func (s *Setup) stored(name string, general bool) bool {
	return s.Daemon.Stores[name] != "" || general && !slices.Contains(s.stateless, name)
}

// withoutStore leaves out what can do nothing without a store.
func (s *Setup) withoutStore(general bool) {
	f := &s.Families
	if !s.stored("greylist", general) {
		f.Greylist = nil
	}
	if !s.stored("replies", general) {
		f.Replies = nil
	}
	if !s.stored("known_senders", general) {
		f.KnownSenders = nil
	}
	if !s.stored("ratelimit", general) {
		f.Ratelimit.Off = true
	}
	if !s.has("history_redis", general) {
		s.Daemon.History = History{}
	}
	if !s.has("neural", general) {
		s.Daemon.Neural = nil
	}
}

// redisServer is what a section says of a server.
type redisServer struct {
	servers, write, read, sentinels []string
	username, password, db, master  string
	timeout                         time.Duration
	tls                             bool
	sentinelPassword, sentinelUser  string

	without []string // modules without the common server
}

// list are the servers, those that are written to first.
func (r *redisServer) list() []string {
	for _, list := range [][]string{r.write, r.servers, r.read} {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// inherit takes over from another section what this one does not say.
func (r *redisServer) inherit(from *redisServer) {
	if r.list() == nil && len(r.sentinels) == 0 {
		r.servers, r.write, r.read, r.sentinels, r.master, r.tls = from.servers, from.write, from.read, from.sentinels, from.master, r.tls || from.tls
	}
	r.username, r.password, r.db = cmp.Or(r.username, from.username), cmp.Or(r.password, from.password), cmp.Or(r.db, from.db)
	r.sentinelUser, r.sentinelPassword = cmp.Or(r.sentinelUser, from.sentinelUser), cmp.Or(r.sentinelPassword, from.sentinelPassword)
	r.timeout = cmp.Or(r.timeout, from.timeout)
}

// keys are those of a server wherever it is named.
func (r *redisServer) keys() []option.Key {
	list := func(name string, field *[]string, help string) option.Key {
		return option.Func(name, "list of HOST:PORT, or a socket's path", func(v option.Value) (err error) {
			*field, err = option.Servers(v)
			return err
		}, help).Example([]string{"127.0.0.1:6380"})
	}
	return []option.Key{
		list("servers", &r.servers, "the Redis server").Alias("server"),
		list("write_servers", &r.write, "the Redis server that is written to, which is read, too"),
		list("read_servers", &r.read, "the Redis server, where no other is named: the one that is written to is read, too"),
		list("sentinels", &r.sentinels, "Sentinels that know the server"),
		option.String("sentinel_master_name", &r.master, "the server's name with them").Alias("sentinel_masters_pattern"),
		option.String("sentinel_username", &r.sentinelUser, "user of the Sentinels"),
		option.String("sentinel_password", &r.sentinelPassword, "password of the Sentinels"),
		option.String("username", &r.username, "user of the server"),
		option.String("password", &r.password, "password of the server"),
		option.String("db", &r.db, "number of the database").Alias("dbname", "database"),
		option.Bool("ssl", &r.tls, "speak TLS"),
	}
}

// absent are keys of servers without effect.
func (r *redisServer) absent() []option.Key {
	return slices.Concat(option.Without("certificates are checked, by the system's own", "no_ssl_verify", "ssl_ca", "ssl_ca_dir", "ssl_cert", "ssl_key", "sni", "use_tls"),
		option.Without("keys are Rspamd's own, so that both can share a store", "prefix", "expand_keys"),
		option.Without("it shows itself", "redis_version", "sentinel_watch_time"))
}

// table is the section redis. below makes the section for one module.
func (r *redisServer) table(below func(name string) *option.Section) *option.Section {
	return &option.Section{Name: "redis", Doc: "says where state is kept", Keys: slices.Concat(r.keys(), []option.Key{
		option.Duration("timeout", &r.timeout, "how long an answer may take").Or(time.Second),
		option.Strings("disabled_modules", &r.without, "modules that have no store").Example([]string{"greylist"}),
		option.Each("*", below, "a server for one module: "+strings.Join(append(stateful(), "bayes"), ", ")),
	}, r.absent())}
}

// single is the table of the server of one module, which is put into use by name.
func (s *Setup) single(section, module string, into *map[string]*redisServer) *option.Section {
	r := new(redisServer)
	return &option.Section{Name: section, Doc: "a server for one module", Keys: slices.Concat(r.keys(), []option.Key{
		option.Duration("timeout", &r.timeout, "how long an answer may take").Or(time.Second),
	}, r.absent()), Use: func() error {
		if !slices.Contains(append(stateful(), "bayes", "NAME"), module) {
			return option.Elsewhere(module + " has no store of its own")
		}
		if *into == nil {
			*into = map[string]*redisServer{}
		}
		(*into)[module] = r
		return nil
	}}
}

// forModule is a section of redis.
func (s *Setup) forModule(name string) *option.Section { return s.single(name, name, &s.below) }

// withServer adds the keys of a module's own server to its table. Keys that the
// table has mean what they mean there.
func (s *Setup) withServer(table *option.Section) *option.Section {
	r := new(redisServer)
	if s.servers == nil {
		s.servers = map[string]*redisServer{}
	}
	s.servers[table.Name] = r
	within := s.single("redis", table.Name, &s.within)
	for _, k := range slices.Concat(r.keys(), r.absent(), []option.Key{option.Nested(within, "the same, where a key can't be taken for something else")}) {
		if table.Key(k.Name()) == nil {
			table.Keys = append(table.Keys, k)
		}
	}
	return table
}

// url is the server as a URL, "" if none is named.
func (r *redisServer) url() string {
	list := r.list()
	if len(list) == 0 {
		return ""
	}
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
	if r.timeout != 0 && r.timeout != time.Second {
		query.Set("timeout", r.timeout.String())
	}
	u.RawQuery = query.Encode()
	return u.String()
}
