package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/antivirus"
	"github.com/winnowmail/winnow/checks/external"
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/milterheaders"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/resolver/dnsclient"
)

// options turns the flags into the Scanner's.
func (c *config) options() (winnow.Options, error) {
	var o winnow.Options
	chosen, err := winnow.ProfileNamed(c.profile)
	if err != nil {
		return o, err
	}
	if c.env.checkUsers {
		if c.profile != "dms" {
			return o, errors.New("-check-authenticated needs -profile dms")
		}
		chosen = chosen.CheckUsers()
	}
	o.Profile, o.Weights = chosen, c.env.weights
	o.Admission.Bytes = int64(c.memory)
	if err := c.model.Check(); err != nil {
		return o, err
	}
	if c.perUser && !c.model.Fused() {
		return o, fmt.Errorf("-per-user: model %s has no lessons of single users", c.model.Name)
	}
	if _, on, err := c.autolearn.options(); err != nil || on && c.state == "" {
		return o, cmp.Or(err, errors.New("-autolearn needs -state"))
	}
	if err := errors.Join(c.dmarc.validate(c), c.kept.validate(), c.history.check()); err != nil {
		return o, err
	}
	outgoing, err := c.sign.rules(c.dns != "none")
	if err != nil {
		return o, err
	}
	families := standard.Options{
		RBL:           rbl.Options{NoMonitoring: !c.monitoring},
		Signing:       signing.Options{DKIM: outgoing},
		MilterHeaders: c.added(),
		External:      external.Options{Rules: c.scanners},
	}
	if err := families.MilterHeaders.Validate(); err != nil {
		return o, fmt.Errorf("-headers: %w", err)
	}
	if families.Antivirus, err = antivirus.ParseServers(c.clamav); err != nil {
		return o, fmt.Errorf("-clamav: %w", err)
	}
	for i := range families.Antivirus.Rules {
		families.Antivirus.Rules[i].MaxSize = c.env.maxSize
	}
	if families.Greylist, err = c.greylist.options(); err != nil {
		return o, err
	}
	if families.Ratelimit, err = c.limits.options(func() *slog.Logger { return c.log.Logger }); err != nil {
		return o, err
	}
	if err := c.known.add(&families, c.state); err != nil {
		return o, err
	}
	if families, err = families.WithMaps(c.maps); err != nil {
		return o, fmt.Errorf("-maps: %w", err)
	}
	if families.GTUBE, err = gtube.ParseOptions(c.gtube); err != nil {
		return o, fmt.Errorf("-gtube: %w", err)
	}
	o.Families = c.neural.add(standard.Families(families))
	if len(c.puts.texts) > 0 {
		o.Checks = append(o.Checks, c.puts.check())
	}
	if c.dns != "none" {
		if c.client == nil { // else this is a reload
			c.client, err = dnsclient.New(dnsclient.Options{Servers: strings.Split(c.dns, ",")})
		}
		if err != nil {
			return o, fmt.Errorf("-dns: %w", err)
		}
		o.DNS.Resolver = c.client
	}
	return o, nil
}

// added are the headers that -headers asks for.
func (c *config) added() milterheaders.Options {
	byDefault := "none"
	if c.profile == "dms" {
		byDefault = "extended"
	}
	var o milterheaders.Options
	o.Server, _ = os.Hostname() // without a name the header is left out
	for name := range strings.SplitSeq(cmp.Or(c.headers, byDefault), ",") {
		switch name = strings.TrimSpace(name); name {
		case "none":
		case "extended":
			o.Extended = true
		default:
			o.Use = append(o.Use, name)
		}
	}
	return o
}
