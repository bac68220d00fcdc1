package controller

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// What rspamadm 3.4 makes of "test", by PBKDF2 and by Catena.
const (
	hashed  = "$1$ndquw7kjd7o3cmkgkpjrtpuhz74o51qs$wj6yzr1y86ojs68x57oya83ayrsi3cegty58ahkqyiy6emisqhrb"
	catenas = "$2$9uk3bdb5r488zypcpchahtffxxkufsh4$kzrefkrnhg9moq6b879cczwean8unskgp5yr5c3znntbc1m8cdmy"
)

// guarded asks through a Guard; the answer of what is behind it is 200 and the query.
func guarded(t *testing.T, a Access) func(from, target string, header ...string) (int, string) {
	t.Helper()
	g, err := NewGuard(a, nil)
	if err != nil {
		t.Fatal(err)
	}
	return asker(g)
}

func asker(g *Guard) func(from, target string, header ...string) (int, string) {
	behind := g.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.RawQuery) }))
	return func(from, target string, header ...string) (int, string) {
		r := httptest.NewRequest(http.MethodPost, target, nil)
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(from), 1234).String()
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		behind.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
}

// Who may do what, as with Rspamd 4.1.6.
func TestAccess(t *testing.T) {
	local := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/64")}
	for name, c := range map[string]struct {
		access     Access
		header     []string // of a client at 192.0.2.1
		read, made int
	}{
		"nothing is set":                    {Access{}, nil, 200, 200},
		"nothing is set, a password comes":  {Access{}, []string{"Password", "x"}, 200, 200},
		"no password":                       {Access{Password: "secret"}, nil, 401, 401},
		"one for all":                       {Access{Password: "secret"}, []string{"Password", "secret"}, 200, 200},
		"a wrong one":                       {Access{Password: "secret"}, []string{"Password", "secre"}, 401, 401},
		"that for reading":                  {Access{Password: "secret", EnablePassword: "more"}, []string{"Password", "secret"}, 200, 401},
		"that for all":                      {Access{Password: "secret", EnablePassword: "more"}, []string{"Password", "more"}, 200, 200},
		"equal ones":                        {Access{Password: "secret", EnablePassword: "secret"}, []string{"Password", "secret"}, 200, 200},
		"reading is free":                   {Access{EnablePassword: "more"}, nil, 200, 401},
		"only who is trusted":               {Access{Trusted: local}, nil, 401, 401},
		"only who is trusted, and a try":    {Access{Trusted: local}, []string{"Password", "x"}, 401, 401},
		"the trusted or a password":         {Access{Trusted: local, EnablePassword: "more"}, nil, 401, 401},
		"a hash":                            {Access{Password: hashed}, []string{"Password", "test"}, 200, 200},
		"a hash of Catena":                  {Access{Password: hashed, EnablePassword: catenas}, []string{"Password", "test"}, 200, 200},
		"the hash is no password":           {Access{Password: hashed}, []string{"Password", hashed}, 401, 401},
		"a placeholder":                     {Access{Password: "q1", EnablePassword: "q2"}, []string{"Password", "q1"}, 401, 401},
		"the other placeholder":             {Access{Password: "q1", EnablePassword: "q2"}, []string{"Password", "q2"}, 401, 401},
		"who is not trusted names one":      {Access{Password: "secret", Trusted: local}, []string{"X-Forwarded-For", "127.0.0.1"}, 401, 401},
		"who is not trusted, and knows one": {Access{Password: "secret", Trusted: local}, []string{"Password", "secret"}, 200, 200},
	} {
		ask := guarded(t, c.access)
		for target, want := range map[string]int{"/checkv2": c.read, "/learnspam": c.made, "/quarantine/1": c.made, "/ping": 200} {
			if code, body := ask("192.0.2.1", target, c.header...); code != want || code == 401 && body != `{"error":"Unauthorized"}` {
				t.Errorf("%s: %s is %d %s, want %d", name, target, code, body, want)
			}
		}
	}
	for i, c := range []struct {
		from   string
		header []string
		want   int
	}{
		{"127.0.0.1", nil, 200}, {"::ffff:127.0.0.1", nil, 200}, {"2001:db8:1::5", nil, 200}, {"2001:db8:2::5", nil, 401},
		{"127.0.0.1", []string{"X-Forwarded-For", "192.0.2.9"}, 401}, {"127.0.0.1", []string{"X-Forwarded-For", "192.0.2.9, 127.0.0.2"}, 200},
		{"127.0.0.1", []string{"X-Real-IP", "192.0.2.9"}, 401}, {"127.0.0.1", []string{"X-Forwarded-For", "127.0.0.2", "X-Real-IP", "192.0.2.9"}, 200},
		{"127.0.0.1", []string{"X-Forwarded-For", "unknown"}, 401}, {"127.0.0.1", []string{"X-Forwarded-For", "192.0.2.9", "Password", "secret"}, 200},
	} {
		ask := guarded(t, Access{Password: "secret", Trusted: local})
		if code, _ := ask(c.from, "/learnham", c.header...); code != c.want {
			t.Errorf("%d: %s with %q: %d, want %d", i, c.from, c.header, code, c.want)
		}
	}
}

// A password in the query is not passed on, whether one is needed or not.
func TestPasswordInQuery(t *testing.T) {
	for _, a := range []Access{{}, {Password: "a b"}} {
		ask := guarded(t, a)
		if code, query := ask("192.0.2.1", "/history?password=a+b&from=1"); code != 200 || query != "from=1" {
			t.Errorf("%+v: %d, %q", a, code, query)
		}
	}
}

func TestAccessRefused(t *testing.T) {
	for _, a := range []Access{{Password: hashed[:len(hashed)-1]}, {EnablePassword: "$2$abc$def"}, {Password: "$1"}, {MaxFailures: -1}, {Window: -1}} {
		if _, err := NewGuard(a, nil); err == nil {
			t.Errorf("%+v is taken", a)
		}
	}
}

// Wrong passwords block their client and nobody else, for a while.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := guarded(t, Access{Password: "secret", MaxFailures: 5, Window: 50 * time.Second})
		codes := func(from, password string, n int) (s string) {
			for range n {
				code, _ := ask(from, "/stat", "Password", password)
				s += fmt.Sprint(code, " ")
			}
			return s
		}
		for _, step := range []struct {
			wait           time.Duration
			from, password string
			n              int
			want           string
		}{
			{0, "192.0.2.1", "wrong", 7, "401 401 401 401 401 429 429 "},
			{0, "192.0.2.1", "secret", 1, "429 "},
			{0, "192.0.2.2", "secret", 1, "200 "},
			{11 * time.Second, "192.0.2.1", "wrong", 2, "401 429 "},
			{11 * time.Second, "192.0.2.1", "secret", 1, "200 "},
			{0, "192.0.2.1", "wrong", 6, "401 401 401 401 401 429 "}, // forgiven
			{0, "2001:db8::1", "wrong", 4, "401 401 401 401 "},
			{0, "2001:db8::2", "wrong", 2, "401 429 "}, // of one network
			{0, "2001:db8:0:1::1", "wrong", 1, "401 "},
		} {
			time.Sleep(step.wait)
			if got := codes(step.from, step.password, step.n); got != step.want {
				t.Errorf("%s with %q: %s, want %s", step.from, step.password, got, step.want)
			}
		}
	})
}

// However many addresses try, hashes are computed as often as all together may fail;
// the right password costs one, and once it came the wrong ones cost none.
func TestHashesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, err := NewGuard(Access{Password: hashed, MaxFailures: 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ask := asker(g)
		wrong, many := 0, 0
		for i := range 50 {
			switch code, _ := ask(fmt.Sprintf("192.0.2.%d", i), "/stat", "Password", "wrong"); code {
			case 401:
				wrong++
			case 429:
				many++
			}
		}
		if wrong != 10 || many != 40 {
			t.Errorf("%d hashes, %d refused", wrong, many)
		}
		time.Sleep(time.Minute)
		if code, _ := ask("198.51.100.1", "/stat", "Password", "test"); code != 200 {
			t.Errorf("the right one: %d", code)
		}
		s := g.now.Load().read[0]
		if right, sure := s.quick("wrong"); right || !sure {
			t.Error("a wrong one still costs a hash")
		}
		s.want = "" // there is no hash any more: what follows does not ask it
		for i := range 50 {
			if code, _ := ask(fmt.Sprintf("203.0.113.%d", i), "/stat", "Password", "wrong"); code != 401 {
				t.Errorf("a wrong one: %d", code)
			}
			if code, _ := ask("198.51.100.1", "/stat", "Password", "test"); code != 200 {
				t.Errorf("the right one among them: %d", code)
			}
		}
	})
}

// Guesses that come at once are no more than those that come one after the other.
func TestGuessesAtOnce(t *testing.T) {
	ask := guarded(t, Access{Password: hashed, MaxFailures: 2, Window: time.Hour})
	var refused atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if code, _ := ask("192.0.2.1", "/stat", "Password", "wrong"); code == http.StatusTooManyRequests {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if n := refused.Load(); n != 18 {
		t.Errorf("%d of 20 guesses are refused", n)
	}
}

// Another Access takes the place of the first; passwords that stay are known.
func TestSet(t *testing.T) {
	g, err := NewGuard(Access{Password: "one", EnablePassword: hashed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ask := asker(g)
	if code, _ := ask("192.0.2.1", "/learnspam", "Password", "test"); code != 200 {
		t.Errorf("the first: %d", code)
	}
	if err := g.Set(Access{Password: "$1$"}); err == nil {
		t.Error("a broken hash is taken")
	}
	if err := g.Set(Access{Password: "two", EnablePassword: hashed}); err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]int{"one": 401, "two": 200, "test": 200} {
		if code, _ := ask("192.0.2.1", "/stat", "Password", password); code != want {
			t.Errorf("%s: %d, want %d", password, code, want)
		}
	}
	if _, sure := g.now.Load().change[0].quick("test"); !sure {
		t.Error("a password that stays is asked for anew")
	}
}

// What is kept of clients who fail is bounded.
func TestManyClients(t *testing.T) {
	f := newFailures(3, time.Minute)
	bad := netip.MustParseAddr("203.0.113.1")
	for range 3 {
		f.add(bad)
	}
	ip := netip.MustParseAddr("10.0.0.1")
	for range maxClients + 100 {
		f.add(ip)
		ip = ip.Next()
	}
	if len(f.clients) != maxClients || !f.blocked(bad) {
		t.Errorf("%d clients; the worst is blocked: %v", len(f.clients), f.blocked(bad))
	}
}
