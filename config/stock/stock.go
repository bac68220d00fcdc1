// Package stock has the configuration that lies below an operator's files where
// no tree of Rspamd's package does: sections that say nothing but where their
// local.d and override.d files are, for what they would say is built in.
// A directory that holds only those two, as docker-mailserver's volume does,
// is a whole configuration then.
//
// Mailserver adds what docker-mailserver puts into local.d.
package stock

import (
	"fmt"
	"slices"
	"strings"
)

// Texts are files by their names relative to the directory of the
// configuration.
type Texts map[string]string

// Tree is the stock tree: rspamd.conf, which includes the files of local.d and
// of override.d at the places and with the priorities of Rspamd 4.1.6.
func Tree() Texts {
	var b strings.Builder
	section := func(name, file, body string) {
		fmt.Fprintf(&b, "%s {\n%s", name, body)
		includes(&b, file, "duplicate=merge,")
		b.WriteString("}\n")
	}
	section("options", "options.inc", "")
	section("logging", "logging.inc", "")
	for _, w := range []struct{ name, file, address string }{
		{"normal", "worker-normal.inc", "127.0.0.1:11333"}, {"controller", "worker-controller.inc", "127.0.0.1:11334"},
		{"rspamd_proxy", "worker-proxy.inc", "127.0.0.1:11332"},
	} {
		section(fmt.Sprintf("worker %q", w.name), w.file, "bind_socket = \""+w.address+"\";\n")
	}
	for _, name := range []string{"actions", "composites", "settings"} {
		section(name, name+".conf", "")
	}
	section("metric", "metrics.conf", "")
	section("lang_detection", "lang_detection.inc", "")
	for _, name := range groups() {
		section(fmt.Sprintf("group %q", name), name+"_group.conf", "")
	}
	includes(&b, "groups.conf", "duplicate=merge,")
	// The files of the classifier are not merged, as in Rspamd.
	b.WriteString("classifier \"bayes\" {\n")
	includes(&b, "classifier-bayes.conf", "")
	b.WriteString("}\n")
	includes(&b, "statistic.conf", "")
	for _, name := range modules() {
		body := ""
		if slices.Contains(off(), name) {
			body = "enabled = false;\n"
		}
		fmt.Fprintf(&b, "%s {\n%s", name, body)
		if older, ok := formerly()[name]; ok {
			dynamic(&b, older)
		}
		dynamic(&b, name)
		b.WriteString("}\n")
	}
	return Texts{"rspamd.conf": b.String()}
}

// includes writes the lines for the two files of a section.
func includes(b *strings.Builder, file, merge string) {
	fmt.Fprintf(b, ".include(try=true,%spriority=1) \"$LOCAL_CONFDIR/local.d/%s\"\n", merge, file)
	fmt.Fprintf(b, ".include(try=true,priority=10) \"$LOCAL_CONFDIR/override.d/%s\"\n", file)
}

// dynamic writes the lines of a module, which has a third file.
func dynamic(b *strings.Builder, name string) {
	fmt.Fprintf(b, ".include(try=true,priority=5) \"$DBDIR/dynamic/%s.conf\"\n", name)
	includes(b, name+".conf", "duplicate=merge,")
}

// groups are the groups that have files of their own.
func groups() []string {
	return strings.Fields("antivirus content excessb64 excessqp external_services fuzzy headers hfilter mime_types mua neural phishing policies rbl " +
		"statistics subject surbl whitelist")
}

// modules are the sections of modules, those that Rspamd 4 added too.
func modules() []string {
	return strings.Fields("aliases antivirus arc asn aws_s3 bayes_expiry bimi chartable clickhouse contextal dcc dkim dkim_signing dmarc elastic emails external_relay " +
		"external_services force_actions forged_recipients fuzzy_check gpt greylist hfilter history_redis http_headers known_senders maillist metadata_exporter " +
		"metric_exporter mid milter_headers mime_types multimap mx_check neural once_received p0f phishing ratelimit rbl redis regexp replies " +
		"reputation rspamd_update spamassassin spamtrap spf surbl trie url_redirector url_suspect whitelist")
}

// off are the modules that are off until a file switches them on.
func off() []string {
	return strings.Fields("aws_s3 bimi contextal dcc external_relay gpt http_headers known_senders mx_check p0f rspamd_update spamtrap")
}

// formerly are the names of files that modules had before.
func formerly() map[string]string {
	return map[string]string{"milter_headers": "rmilter_headers", "neural": "fann_redis"}
}
