package scanner

// Absent are sections of Rspamd's files that have no effect here, with the
// reason.
func Absent() map[string]string {
	const export = "results are exported by an After in Go (winnow.Options.After)"
	const lua = "Lua is not run: write a check in Go (package checks), or a rule of regexp or multimap"
	return map[string]string{
		"aws_s3": export, "clickhouse": export, "elastic": export, "metric_exporter": export, "maps_stats": export,
		"bayes_expiry":     "what is learned has its own expiry",
		"bimi":             "logos are looked up by mail programs",
		"clustering":       "mails are not compared with each other",
		"contextal":        "the service is not asked",
		"gpt":              "language models are not asked",
		"dynamic_conf":     "changes are made in the files",
		"fuzzy_check":      "Rspamd's fuzzy storage is not asked: its terms and protocol are its operator's",
		"fuzzy_collect":    "there is no fuzzy storage",
		"http_headers":     "results of other filters are not taken from headers",
		"ip_score":         "Rspamd replaced it by reputation",
		"rspamd_update":    "rules are part of the program",
		"trie":             "multimap and regexp look for fixed texts, too",
		"url_redirector":   "links are not followed: what a redirector's link says itself is looked at",
		"lua":              lua,
		"lang_detection":   "languages are told by the letters and words of a text, all that there are",
		"monitored":        "lists are watched over by the section rbl",
		"dynamic":          "changes are made in the files",
		"neural_autolearn": "neural decides by itself what it learns",
	}
}
