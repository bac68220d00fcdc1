// Package winnow classifies mail: it is a spam filter that a mail server
// imports. One message goes in, with what the SMTP dialogue told about it;
// symbols, a score and an action come out, and the reasons with them.
//
//	s, err := winnow.New(winnow.Options{})
//	res, err := s.Scan(ctx, &winnow.Message{Envelope: env, Body: winnow.FromBytes(raw)})
//	if res.Action == actions.Reject { … }
//
// The zero Options scan with the built-in rules and Rspamd's weights, without
// network and without a store. A Scanner is immutable and safe for concurrent
// use; Close ends what it started.
//
// How a scan goes: package mail parses the message once; early checks may end
// the scan; main checks run as a graph, those that wait for the network side
// by side; package score sums the hits and applies composites; late checks
// see the verdict in the making; package actions chooses the action. The same
// input gives the same output, byte for byte apart from times, whatever the
// timing was.
//
// winnow never changes a message and never speaks SMTP: a Result holds header
// edits and a reply text for the host to apply. Caveats: the caller must not
// change the bytes of a message after Scan returned, since a check that was cut
// off may still read them.
//
// Next stop: ExampleScanner_Scan, then package checks.
package winnow
