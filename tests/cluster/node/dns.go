package main

import (
	"context"
	"os"

	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loadbalance"
	_ "github.com/coredns/coredns/plugin/ready"
)

// serveDNS runs CoreDNS; its flags (-conf) are CoreDNS' own.
func serveDNS(_ context.Context, arguments []string) error {
	os.Args = append([]string{"coredns"}, arguments...)
	coremain.Run()
	return nil
}
