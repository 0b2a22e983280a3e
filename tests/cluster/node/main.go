// Command meninx-cluster-node is what the one-node cluster of the tests adds to Kubernetes' own
// programs: DNS (CoreDNS), a device plugin for GPUs that are not there, a provisioner of volumes on
// the node's disk, and the enforcement of NetworkPolicies.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

type command func(ctx context.Context, arguments []string) error

var commands = map[string]command{
	"dns":     serveDNS,
	"gpu":     offerGPUs,
	"storage": provisionStorage,
	"netpol":  enforceNetworkPolicies,
	"echo":    serveEcho,
	"probe":   probe,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: meninx-cluster-node dns|gpu|storage|netpol|echo|probe [flags]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := commands[os.Args[1]](ctx, os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// client reads the kubeconfig, or the pod's service account where kubeconfig is empty.
func client(kubeconfig string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}
