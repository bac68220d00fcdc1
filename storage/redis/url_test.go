package redis_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage/redis"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]redis.Options{
		"redis://127.0.0.1":            {Addrs: []string{"127.0.0.1:6379"}},
		"redis://redis.example.org/2":  {Addrs: []string{"redis.example.org:6379"}, DB: 2},
		"redis://:pa%2fss%40@[::1]:1/": {Addrs: []string{"[::1]:1"}, Password: "pa/ss@"},
		"redis://u:p@a:1,b,[::1]?prefix=w%3A&lessons=5&acks=1&acks_timeout=2s&connect=true&timeout=3s&dial_timeout=4s&pool_size=6": {
			Addrs: []string{"a:1", "b:6379", "[::1]:6379"}, Username: "u", Password: "p", Prefix: "w:", Lessons: 5, Acks: 1,
			AcksTimeout: 2 * time.Second, Connect: true, Timeout: 3 * time.Second, DialTimeout: 4 * time.Second, PoolSize: 6,
		},
		"redis://a?cluster=true": {Addrs: []string{"a:6379"}, Cluster: true},
		"redis+sentinel://u:p@s1,s2:7/my%20master/4?sentinel_username=su&sentinel_password=sp": {
			Addrs: []string{"s1:26379", "s2:7"}, Master: "my master", DB: 4, Username: "u", Password: "p", SentinelUsername: "su", SentinelPassword: "sp",
		},
		"unix:///run/redis/redis.sock?db=3&rspamd=true": {Addrs: []string{"/run/redis/redis.sock"}, DB: 3, Rspamd: true},
		"redis://u:/p#@a":    {Addrs: []string{"a:6379"}, Username: "u", Password: "/p#"},
		"redis+unix://:p@/s": {Addrs: []string{"/s"}, Password: "p"},
	} {
		got, err := redis.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if fields(got) != fields(want) {
			t.Errorf("%s:\n got %s\nwant %s", text, fields(got), fields(want))
		}
	}
	got, err := redis.Parse("rediss://redis.example.org?server_name=other.example.org")
	if err != nil || got.TLS == nil || got.TLS.ServerName != "other.example.org" {
		t.Errorf("rediss: %v, %v", got.TLS, err)
	}
}

// fields prints options with their passwords, which their String leaves out.
func fields(o redis.Options) string {
	type plain redis.Options
	return fmt.Sprintf("%+v", plain(o))
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"localhost":                                "no scheme",
		"http://a":                                 "scheme",
		"redis://":                                 "host:port",
		"redis://a:x":                              "host:port",
		"redis://::1":                              "host:port",
		"redis://a/x":                              "database",
		"redis://a?datbase=1":                      `"datbase"`,
		"redis://a?pol_size=1":                     `did you mean "pool_size"`,
		"redis://a?db=1&db=2":                      "db twice",
		"redis://a?db=-1":                          "DB",
		"redis://a,b?db=1":                         "DB",
		"redis://a,b?rspamd=1":                     "Rspamd",
		"redis://a?timeout=5":                      "timeout",
		"redis://a?connect=maybe":                  "connect",
		"redis://a?ca=/etc/ca.pem":                 "ca needs TLS",
		"rediss://a?ca=/nowhere/ca.pem":            "ca can't be read",
		"rediss://a?cert=x":                        "cert and key",
		"redis+sentinel://a":                       "master",
		"unix://":                                  "socket",
		"unix://host/path":                         "socket",
		"redis://sec%ret:x@a":                      "percent-encoded",
		"redis://a?prefix=%7Bx%7D":                 "Prefix",
		"redis://a?sentinel_password=x":            "SentinelPassword",
		"redis://a?cluster=1&rspamd=1":             "Rspamd",
		"redis+sentinel://a/m?cluster=1":           "Cluster",
		"redis+sentinel://a/m?sentinel_username=x": "SentinelUsername",
	} {
		_, err := redis.Parse(text)
		if !errors.Is(err, redis.ErrOptions) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{
		"redis://u:hunter2@a:b", "redis://u:hunter2?x@a", "redis://u:%hunter2@a",
		"redis://u:hunter2", "redis://hunter2:hunter2", "redis+sentinel://u:hunter2@a", "redis+sentinel://a/m?sentinel_password=hunter2&x=%y",
		"unix://u:hunter2@b/p", "redis://u:hunter2@a?bogus=1",
	} {
		o, err := redis.Parse(text)
		if err == nil {
			t.Errorf("%s was taken: %s", text, fields(o))
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error has the password: %v", text, err)
		}
	}
	o := redis.Options{Addrs: []string{"a:1"}, Username: "u", Password: secret, SentinelPassword: secret}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, o); strings.Contains(text, secret) || !strings.Contains(text, "a:1") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"redis://u:secret@a:1,b/2?prefix=x", "rediss://secret@a?server_name=b", "redis+sentinel://u:secret@a/m/1?sentinel_password=secret",
		"unix:///secret?db=1", "redis://u:sec?ret@a", "redis://[::1]:1,[::2]", "redis://a?%zz",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "ca=") || strings.Contains(text, "cert=") {
			return // They read files.
		}
		o, err := redis.Parse(text)
		if err != nil {
			if !errors.Is(err, redis.ErrOptions) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if err := o.Validate(); err != nil || len(o.Addrs) == 0 || slices.Contains(o.Addrs, "") {
			t.Errorf("%q was taken as %s: %v", text, o, err)
		}
	})
}
