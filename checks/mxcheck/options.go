package mxcheck

import (
	"time"

	"github.com/winnowmail/winnow/internal/valid"
)

// maxRecords bounds Options.MaxRecords.
const maxRecords = 20

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("mx_check")
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"ConnectTimeout", o.ConnectTimeout}, {"ReadTimeout", o.ReadTimeout},
		{"Expire", o.Expire}, {"ExpireInvalid", o.ExpireInvalid}, {"ExpireTimeout", o.ExpireTimeout},
	} {
		v.If(d.value < 0, d.field, "%v is negative", d.value)
	}
	v.If(o.SendQuit && !o.VerifyGreeting, "SendQuit", "nobody waits for a greeting, set VerifyGreeting")
	v.If(o.NoIPv4 && !o.IPv6, "NoIPv4", "without IPv6 no address is left")
	v.If(o.NoIPv4 && o.PreferIPv4, "PreferIPv4", "NoIPv4 leaves these out")
	v.If(o.NoEnvelope && o.NoFrom && o.NoReplyTo, "NoReplyTo", "no domain is left to look at, set Off")
	v.Number("MaxRecords", int64(o.MaxRecords), 0, maxRecords)
	v.Words("ExcludeDomains", o.ExcludeDomains)
	v.Words("ExcludeMXs", o.ExcludeMXs)
	v.Networks("ExcludeIPs", o.ExcludeIPs)
	for i, b := range o.BadMXs {
		at := valid.At("BadMXs", i)
		v.If(b.Pattern == "", at+".Pattern", "missing")
		v.If(!(b.Factor >= 0), at+".Factor", "%v is no factor", b.Factor)
	}
	for i, b := range o.BadIPs {
		at := valid.At("BadIPs", i)
		v.If(!b.Net.IsValid(), at+".Net", "no network")
		v.If(!(b.Factor >= 0), at+".Factor", "%v is no factor", b.Factor)
	}
	return v.Err()
}

func (o Options) config() any {
	return struct {
		Options
		Connects bool
	}{o, o.Dial != nil}
}
