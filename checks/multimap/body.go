package multimap

import (
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/publicsuffix"
	"github.com/winnowmail/winnow/mail"
)

// urls returns those of the message.
func (r *rule) urls(t *checks.Task) (all []value) {
	for _, u := range t.Message().URLs() {
		if u.Host == "" || u.Flags&mail.URLLoaded != 0 {
			continue
		}
		if texts := r.filter.url(u); len(texts) > 0 {
			all = append(all, value{texts: texts, evidence: checks.URL(u)})
		}
	}
	return all
}

// maxFiles bounds the names of files in one archive, as in Rspamd.
const maxFiles = 1000

// files returns names of files.
func (r *rule) files(t *checks.Task) (all []value) {
	for _, p := range t.Message().Parts() {
		if !p.IsAttachment() && (p.Text() != nil || p.IsMultipart()) {
			continue
		}
		add := func(name string) {
			if texts := r.filter.file(name); name != "" && len(texts) > 0 {
				all = append(all, value{texts: texts, evidence: checks.Part(p)})
			}
		}
		kind, ext := p.Detected()
		if a := p.Archive(); a != nil && !r.SkipArchives && archive(kind, ext) {
			for i := range a.Files[:min(len(a.Files), maxFiles)] {
				add(a.Files[i].Name)
			}
		}
		add(p.Filename())
		if ext != "" && !r.SkipDetected {
			add("detected." + ext)
		}
	}
	return all
}

// archive reports whether a detected type is an archive rather than a document
// that is stored as one.
func archive(kind, ext string) bool {
	return slices.Contains([]string{"zip", "rar", "7z", "gz", "arj", "cab", "tar", "bz2", "xz", "lz4", "zst", "ace", "arc"}, ext) ||
		strings.Contains(kind, "compressed") || kind == "application/zip"
}

// content returns the message or parts of it.
func (r *rule) content(t *checks.Task) (all []value) {
	m := t.Message()
	add := func(s string, p *mail.Part) {
		all = append(all, value{texts: []string{s}, silent: true, evidence: checks.Part(p)})
	}
	switch r.filter.name {
	case "body":
		add(string(m.Body()), nil)
	case "headers":
		add(string(m.Raw()[:len(m.Raw())-len(m.Body())]), nil)
	case "text", "rawtext", "oneline":
		for _, x := range m.Texts() {
			s := x.Plain()
			switch r.filter.name {
			case "rawtext":
				s = x.UTF8()
			case "oneline":
				s = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
			}
			add(s, x.Part)
		}
	default:
		add(string(m.Raw()), nil)
	}
	return all
}

// hops returns what the rule wants of the hops that it wants.
func (r *rule) hops(t *checks.Task) (all []value) {
	hops := t.Message().Hops()
	if !r.Artificial {
		hops = slices.DeleteFunc(slices.Clone(hops), func(h mail.Received) bool { return h.Artificial })
	}
	for i := range hops {
		h := &hops[i]
		if !r.wants(i+1, len(hops)) || !flagged(h, r.Flags, true) || !flagged(h, r.NotFlags, false) {
			continue
		}
		var own []value
		name, tld := strings.CutPrefix(r.filter.name, "tld:")
		s := ""
		switch name {
		case "", "real_ip":
			own = address(h.Seen.IP)
		case "from_ip":
			own = address(h.Addr())
		case "real_hostname":
			s = h.Seen.Name
		case "from_hostname":
			s = h.From
		case "by_hostname":
			s = h.By
		case "for":
			s = h.For
		case "proto":
			s = strings.ToLower(h.With)
		}
		if tld && s != "" {
			s = publicsuffix.ESLDOrSelf(s)
		}
		for _, v := range append(own, text(s)...) {
			if h.Field != nil {
				v.evidence = checks.Field(h.Field)
			}
			all = append(all, v)
		}
	}
	return all
}

// wants reports whether the hop at pos of total counts, with Rspamd's arithmetic.
func (r *rule) wants(pos, total int) bool {
	switch {
	case r.MinPos == -1 && pos != total, r.MinPos < -1 && pos <= total+r.MinPos, r.MinPos > 0 && pos < r.MinPos:
		return false
	case r.MaxPos < -1 && pos <= total+r.MaxPos, r.MaxPos > 0 && pos > r.MaxPos:
		return false
	}
	return true
}

// flagged reports whether a hop has all of the flags, or none.
func flagged(h *mail.Received, flags []string, want bool) bool {
	for _, f := range flags {
		if has := f == "ssl" && h.TLS || f == "authenticated" && h.Authenticated || f == "artificial" && h.Artificial; has != want {
			return false
		}
	}
	return true
}

// options returns the options of the rule's target.
func (r *rule) options(t *checks.Task) (all []value) {
	for _, h := range t.RaisedAs(r.Target) {
		for _, o := range h.Options {
			if texts := r.filter.plain(o); len(texts) > 0 {
				all = append(all, value{texts: texts})
			}
		}
	}
	return all
}

// selected returns what the rule's selector gives.
func (r *rule) selected(t *checks.Task) (all []value) {
	for _, s := range r.selector.Eval(t) {
		if texts := r.filter.plain(s); len(texts) > 0 {
			all = append(all, value{texts: texts})
		}
	}
	return all
}
