package scanner

import (
	"strings"
	"testing"
)

// TestPlaces wants the place of the value that a family refuses.
func TestPlaces(t *testing.T) {
	for _, c := range []struct{ file, text, place string }{
		{"spf", "min_cache_ttl = 1min;\nmax_dns_requests = -7;", "2:1"},
		{"dkim", "\n\nmax_sigs = -7;", "3:1"},
		{"arc", "whitelisted_signers_map = [\n\"a b(\"];", "1:1"},
		{"arc", "domain {\n x.example {\n  selector = \"a/b\"; path = \"/k\"; } }", "3:3"},
		{"dkim_signing", "domain {\n y.example {\n  selector = \"a/b\"; path = \"/k\"; } }", "3:3"},
		{"dmarc", "munging {\n list_map = [\"x\"];\n mitigate_allow_only = true; }", "2:2"},
		{"milter_headers", "use = [\"spam-header\"];\nlocal_headers = [\"nothing\"];", "2:1"},
		{"rbl", "max_queries = -7;", "1:1"},
		{"ratelimit", "rates { to = \"1 / 1h\"; }\nham_factor_rate = -7;", "2:1"},
		{"greylist", "enabled = true;\ntimeout = -7;", "2:1"},
		{"greylist", "whitelist_symbols = [\"A\", \"%%%(\"];", "1:1"},
		{"replies", "expire = -7;", "1:1"},
		{"once_received", "\ngood_host = \"\";", "2:1"},
		{"mime_types", "extension_map { a = \"text/plain\"; }\nfile = 7;", "2:1"},
		{"multimap", "GOOD { type = \"ip\"; map = [\"192.0.2.1\"]; }\nBAD {\n type = \"frum\"; map = [\"x\"]; }", "3:2"},
		{"multimap", "BAD {\n type = \"ip\"; map = [\"192.0.2.1\"];\n filter = \"email\"; }", "3:2"},
		{"multimap", "BAD {\n type = \"ip\"; }", "1:1"},
		{"regexp", "\"GOOD\" = \"Subject=/x/\";\n\"BAD\" = {\n re = \"%%%(\"; }", "2:1"},
		{"regexp", "GOOD = \"Subject=/x/\";\nBAD = \"Subject=/x\";", "2:1"},
		{"metadata_exporter", "rules {\n GOOD { backend = \"http\"; url = \"http://[::1]/\"; }\n BAD { backend = \"htp\";\n url = \"http://[::1]/\"; } }", "3:8"},
		{"force_actions", "rules {\n BAD { action = \"rejct\"; expression = \"A\"; } }", "2:8"},
		{"dmarc", "actions { reject = \"rejct\"; }", "1:11"},
		{"antivirus", "clamav { servers = \"[::1]:3310\";\n action = \"drop it\"; }", "2:2"},
		{"multimap", "A { type = \"ip\"; map = [\"192.0.2.1\"];\n action = \"rejct\"; }", "2:2"},
		{"force_actions", "rules {\n GOOD { action = \"reject\"; expression = \"A\"; }\n BAD { action = \"reject\"; expression = \"A &\"; } }", ""},
		{"phishing", "exceptions {\n REDIRECTOR_FALSE = [\"a b(\"]; }", "2:2"},
	} {
		file := "/etc/rspamd/local.d/" + c.file + ".conf"
		_, err := Read(load(t, map[string]string{"local.d/" + c.file + ".conf": c.text}), Base{Store: true})
		if err == nil {
			t.Errorf("%s is taken: %s", c.file, c.text)
			continue
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, file+":"+c.place) {
				t.Errorf("%s: %s: got %s, want the place %s", c.file, c.text, line, c.place)
			}
		}
	}
}
