package stock

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/config/dms"
)

// Mailserver are the files of local.d that docker-mailserver would have with
// the settings of an environment, as of its version after 15.1. Settings that
// are not Enabled have none.
func Mailserver(s dms.Settings) Texts {
	if !s.Enabled {
		return nil
	}
	t := Texts{
		"actions.conf":          actions(s.Actions),
		"antivirus.conf":        antivirus(s.Antivirus),
		"composites.conf":       "AUTH_NA { score = 2.5; policy = \"leave\"; }\nAUTH_NA_OR_FAIL { score = 1; policy = \"leave\"; }\n",
		"hfilter_group.conf":    weights(map[string]float64{"HFILTER_HOSTNAME_UNKNOWN": s.HostnameUnknown}),
		"history_redis.conf":    fmt.Sprintf("key_prefix = %q;\n", s.History),
		"logging.inc":           "type = \"console\"; level = \"silent\"; color = false; systemd = false;\n",
		"milter_headers.conf":   "extended_spam_headers = true;\n",
		"neural.conf":           neural(s.Neural),
		"options.inc":           "pidfile = false;\nsoft_reject_on_timeout = true;\nlocal_networks = [\"127.0.0.1/8\", \"10.0.0.0/8\", \"172.16.0.0/12\", \"192.168.0.0/16\"];\n",
		"policies_group.conf":   policies(),
		"settings.conf":         rules(s.Rules),
		"worker-controller.inc": "bind_socket = \"0.0.0.0:11334\";\n",
		"worker-normal.inc":     "enabled = false;\nbind_socket = \"127.0.0.1:11333\";\n",
		"worker-proxy.inc": "bind_socket = \"127.0.0.1:11332\";\nmilter = yes;\ntimeout = 120s;\nupstream \"local\" { default = yes; self_scan = yes; }\n" +
			"count = 2;\nmax_retries = 5;\ndiscard_on_reject = false;\nquarantine_on_reject = false;\nspam_header = \"X-Spam\";\n",
	}
	if s.Redis != nil {
		t["redis.conf"] = fmt.Sprintf("servers = %q;\n", *s.Redis)
	}
	for _, name := range []string{"clickhouse", "elastic", "metric_exporter", "reputation", "spamassassin", "url_redirector"} {
		t[name+".conf"] = "enabled = false;\n"
	}
	if len(s.Neural) > 0 {
		t["neural_group.conf"] = nets(s.Neural)
	}
	t["greylist.conf"] = fmt.Sprintf("enabled = %t;\n", s.Greylist)
	local := Texts{}
	for name, text := range t {
		local["local.d/"+name] = text
	}
	return local
}

// Customized are the files of override.d as the custom-commands.conf of a
// volume of docker-mailserver leaves them; those that it does not change are
// not among them. warn is told what its commands can't do.
func Customized(dir string, warn func(format string, args ...any)) (Texts, error) {
	name := filepath.Join(dir, "custom-commands.conf")
	commands, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	over := Texts{}
	c := dms.CustomCommands{Warn: warn}
	c.Read = func(file string) (string, error) {
		file = path.Join("override.d", file)
		if text, ok := over[file]; ok {
			return text, nil
		}
		text, err := os.ReadFile(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return string(text), err
	}
	c.Write = func(file, text string) error {
		over[path.Join("override.d", file)] = text
		return nil
	}
	return over, c.Apply(name, commands)
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func actions(thresholds map[string]float64) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(thresholds)) {
		fmt.Fprintf(&b, "%s = %s;\n", name, number(thresholds[name]))
	}
	return b.String() + "rewrite_subject = null;\n"
}

func antivirus(a dms.Antivirus) string {
	return fmt.Sprintf(`enabled = %t;
ClamAV {
  type = "clamav";
  servers = %q;
  symbol = "CLAM_VIRUS";
  action = "reject";
  message = '${SCANNER} FOUND VIRUS "${VIRUS}"';
  scan_mime_parts = false;
  max_size = %d;
  timeout = 10;
  retransmits = 2;
  log_clean = true;
}
`, a.Enabled, dms.ClamdSocket, a.MaxSize)
}

func weights(of map[string]float64) string {
	var b strings.Builder
	b.WriteString("symbols {\n")
	for _, name := range slices.Sorted(maps.Keys(of)) {
		fmt.Fprintf(&b, "  %q { weight = %s; }\n", name, number(of[name]))
	}
	return b.String() + "}\n"
}

// policies are the weights of docker-mailserver's policies_group.conf.
func policies() string {
	return weights(map[string]float64{
		"R_SPF_ALLOW": -1, "R_SPF_NA": 1.5, "R_SPF_NEUTRAL": 1.5, "R_SPF_SOFTFAIL": 2.5, "R_SPF_DNSFAIL": 2.5, "R_SPF_FAIL": 4.5, "R_SPF_PERMFAIL": 4.5,
		"R_DKIM_ALLOW": -1, "R_DKIM_NA": 1, "R_DKIM_TEMPFAIL": 1.5, "R_DKIM_PERMFAIL": 4.5, "R_DKIM_REJECT": 4.5,
		"DMARC_POLICY_ALLOW": -1, "DMARC_POLICY_ALLOW_WITH_FAILURES": 0, "DMARC_NA": .5, "DMARC_POLICY_SOFTFAIL": 1.5, "DMARC_POLICY_QUARANTINE": 3,
		"DMARC_POLICY_REJECT": 5.5,
	})
}

// neural has the rules of docker-mailserver's three nets, by name.
func neural(names []string) string {
	if len(names) == 0 {
		return "enabled = false;\n"
	}
	numbers := map[string]struct{ trains, usages, days int }{
		"NEURAL_WEEK": {1000, 50, 300}, "NEURAL_DAYS": {200, 10, 100}, "NEURAL_HALF_DAY": {50, 4, 13},
	}
	var b strings.Builder
	b.WriteString("enabled = true;\nrules {\n")
	for _, name := range names {
		n := numbers[name]
		fmt.Fprintf(&b, `  %q {
    train {
      max_trains = %d;
      max_usages = %d;
      max_iterations = 25;
      learning_rate = 0.01;
      spam_score = 8;
      ham_score = -2;
    }
    symbol_spam = %q;
    symbol_ham = %q;
    ann_expire = %dd;
  }
`, name, n.trains, n.usages, name+"_SPAM", name+"_HAM", n.days)
	}
	return b.String() + "}\n"
}

// nets are the weights of these nets.
func nets(names []string) string {
	all := map[string][2]float64{"NEURAL_WEEK": {3, -3}, "NEURAL_DAYS": {2.5, -1.5}, "NEURAL_HALF_DAY": {2, -1}}
	of := map[string]float64{}
	for _, name := range names {
		of[name+"_SPAM"], of[name+"_HAM"] = all[name][0], all[name][1]
	}
	return weights(of)
}

// rules are those of settings.conf.
func rules(by map[string]dms.Rule) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(by)) {
		r := by[name]
		fmt.Fprintf(&b, "%s {\n  priority = %s;\n  authenticated = %t;\n  apply { groups_enabled = [%s]; }\n}\n",
			name, r.Priority, r.Authenticated, strings.Join(r.Apply.GroupsEnabled, ", "))
	}
	return b.String()
}
