package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v11/controller"
)

const provisionerName = "cluster.meninx.test/node-disk"

// diskProvisioner makes one folder a volume, as a `local` volume of the node, so that the kubelet
// applies fsGroup to it as it does on a real disk. The size that is asked for is not enforced.
type diskProvisioner struct {
	root string
}

func (p *diskProvisioner) path(volume string) string {
	return filepath.Join(p.root, volume)
}

func (p *diskProvisioner) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*core.PersistentVolume, controller.ProvisioningState, error) {
	path := p.path(options.PVName)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	volume := &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: options.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: options.PVC.Spec.Resources.Requests[core.ResourceStorage]},
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
			NodeAffinity:                  onNode(options.SelectedNode.Name),
		},
	}
	return volume, controller.ProvisioningFinished, nil
}

func (p *diskProvisioner) Delete(_ context.Context, volume *core.PersistentVolume) error {
	return os.RemoveAll(p.path(volume.Name))
}

func onNode(name string) *core.VolumeNodeAffinity {
	return &core.VolumeNodeAffinity{Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{{
		MatchExpressions: []core.NodeSelectorRequirement{{
			Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{name},
		}},
	}}}}
}

// provisionStorage runs until it is stopped.
func provisionStorage(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("storage", flag.ExitOnError)
	root := flags.String("root", "", "the folder that holds the volumes, the same path here and on the node")
	kubeconfig := flags.String("kubeconfig", "", "empty: the pod's own service account")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	kube, err := client(*kubeconfig)
	if err != nil {
		return err
	}
	controller.NewProvisionController(
		ctx, kube, provisionerName, &diskProvisioner{root: *root}, controller.LeaderElection(false),
	).Run(ctx)
	return nil
}
