package main

import (
	"context"
	"errors"
	"flag"
	"sync"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"k8s.io/client-go/informers"
)

// enforceNetworkPolicies runs kube-router's firewall controller alone: iptables and ipset on the node.
func enforceNetworkPolicies(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("netpol", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "the kubeconfig to use")
	node := flags.String("node", "", "the node's name")
	services := flags.String("services", "10.96.0.0/16", "the range of the Services' addresses")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	kube, err := client(*kubeconfig)
	if err != nil {
		return err
	}
	config := options.NewKubeRouterConfig()
	config.HostnameOverride = *node
	config.ClusterIPCIDRs = []string{*services}
	config.EnableIPv4 = true
	config.RunFirewall = true
	config.IPTablesSyncPeriod = time.Minute

	factory := informers.NewSharedInformerFactory(kube, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	tables, sets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return err
	}
	var lock sync.Mutex
	firewall, err := netpol.NewNetworkPolicyController(kube, config, pods, policies, namespaces, &lock, tables, sets)
	if err != nil {
		return err
	}
	_, errPods := pods.AddEventHandler(firewall.PodEventHandler)
	_, errNamespaces := namespaces.AddEventHandler(firewall.NamespaceEventHandler)
	_, errPolicies := policies.AddEventHandler(firewall.NetworkPolicyEventHandler)
	if err := errors.Join(errPods, errNamespaces, errPolicies); err != nil {
		return err
	}
	// The controller reports here that it lives; nobody else listens, so they are read and dropped.
	beats := make(chan *healthcheck.ControllerHeartbeat, 10)
	go func() {
		for range beats {
		}
	}()
	var done sync.WaitGroup
	done.Add(1)
	firewall.Run(beats, ctx.Done(), &done)
	return nil
}
