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
	"github.com/winnowmail/winnow/checks/gtube"
	"github.com/winnowmail/winnow/checks/milterheaders"
	"github.com/winnowmail/winnow/checks/standard"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/resolver/dnsclient"
	"github.com/winnowmail/winnow/symbols"
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
	if c.files.setup != nil {
		o = c.files.setup.Options
	}
	o.Profile, o.Weights = chosen, c.env.weights
	o.Admission.Bytes, o.StoreBudget = int64(c.memory), c.storeBudget
	if err := c.model.Check(); err != nil {
		return o, err
	}
	if c.perUser && !c.model.Fused() {
		return o, fmt.Errorf("-per-user: model %s has no lessons of single users", c.model.Name)
	}
	if _, on, err := c.autolearn.options(); err != nil || on && c.state == "" {
		return o, cmp.Or(err, errors.New("-autolearn needs -state"))
	}
	if err := errors.Join(c.access.access(c.files.setup).Validate(), c.dmarc.validate(c), c.kept.validate(), c.history.check()); err != nil {
		return o, err
	}
	families, err := c.families()
	if err != nil {
		return o, err
	}
	if len(c.puts.texts) > 0 {
		o.Checks = append(o.Checks, c.puts.check())
	}
	if err := c.files.lay(&o, families, c.learned(c.state != "")); err != nil {
		return o, err
	}
	o.Families = c.neural.add(c.files.withRules(standard.Families(families)))
	if c.dns != "none" {
		if c.client == nil { // else this is a reload
			c.client, err = dnsclient.New(c.files.dns(strings.Split(c.dns, ",")))
		}
		if err != nil {
			return o, fmt.Errorf("-dns: %w", err)
		}
		o.DNS.Resolver = c.client
	}
	return o, nil
}

// families is what files and flags say of the families.
func (c *config) families() (standard.Options, error) {
	families := c.files.families()
	outgoing, err := c.sign.rules(c.dns != "none")
	if err != nil {
		return families, err
	}
	families.RBL.NoMonitoring = families.RBL.NoMonitoring || !c.monitoring
	if outgoing != nil {
		families.Signing.DKIM = outgoing
	}
	if err := c.added(&families.MilterHeaders); err != nil {
		return families, err
	}
	families.External.Rules = append(families.External.Rules, c.scanners...)
	if err := c.antivirus(&families); err != nil {
		return families, err
	}
	if g, err := c.greylist.options(); err != nil {
		return families, err
	} else if g != nil {
		families.Greylist = g
	}
	limits, err := c.limits.options(func() *slog.Logger { return c.log.Logger })
	if err != nil {
		return families, err
	}
	if families.Ratelimit.Notice = limits.Notice; c.limits.given() || c.files.setup == nil {
		families.Ratelimit = limits
	}
	if err := c.known.add(&families, c.state); err != nil {
		return families, err
	}
	if families, err = families.WithMaps(c.maps); err != nil {
		return families, fmt.Errorf("-maps: %w", err)
	}
	if c.gtube != "" {
		if families.GTUBE, err = gtube.ParseOptions(c.gtube); err != nil {
			return families, fmt.Errorf("-gtube: %w", err)
		}
	}
	return families, nil
}

// antivirus adds what -clamav names.
func (c *config) antivirus(families *standard.Options) error {
	if c.clamav == "" {
		return nil
	}
	o, err := antivirus.ParseServers(c.clamav)
	if err != nil {
		return fmt.Errorf("-clamav: %w", err)
	}
	for i := range o.Rules {
		o.Rules[i].MaxSize = c.env.maxSize
	}
	families.Antivirus = o
	return nil
}

// added sets the headers that -headers asks for.
func (c *config) added(o *milterheaders.Options) error {
	byDefault := "none"
	if c.profile == "dms" {
		byDefault = "extended"
	}
	host, _ := os.Hostname() // without a name the header is left out
	o.Server = cmp.Or(o.Server, host)
	if c.headers == "" && c.files.setup != nil {
		return nil
	}
	o.Extended, o.Use = false, nil
	for name := range strings.SplitSeq(cmp.Or(c.headers, byDefault), ",") {
		switch name = strings.TrimSpace(name); name {
		case "none":
		case "extended":
			o.Extended = true
		default:
			o.Use = append(o.Use, name)
		}
	}
	if err := o.Validate(); err != nil {
		return fmt.Errorf("-headers: %w", err)
	}
	return nil
}

// learned are the symbols of what is learned, where there is a store.
func (c *config) learned(state bool) []*symbols.Def {
	if c.files.setup != nil {
		c.neural.setup(c.files.setup.Daemon.Neural)
	}
	if !state {
		return nil
	}
	return append(c.neural.defs(), statistics.Spam, statistics.Ham, statistics.Prior)
}
