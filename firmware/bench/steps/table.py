"""The steps of a scenario, a class each; this table is where the scenario reader, the schema and the docs find them."""

from __future__ import annotations

from firmware.bench.expectations import Expect
from firmware.bench.steps import administration, ignition, power, storage
from firmware.bench.steps.base import Step
from firmware.bench.steps.environment import SetEnvironment

STEPS: dict[str, type[Step]] = {
    step.name: step
    for step in (
        power.PowerOn,
        power.PowerCycle,
        power.CutPower,
        power.Wait,
        power.WaitFor,
        power.Press,
        power.SetClock,
        administration.DefaultSecurity,
        administration.DefaultConfiguration,
        administration.DeleteCertificate,
        administration.SetService,
        administration.SetAddress,
        administration.ChangeAtPhone,
        administration.Upgrade,
        administration.Reboot,
        administration.Shutdown,
        administration.InitialConfiguration,
        administration.SetHostName,
        administration.RenewAuthority,
        administration.CreateAuthority,
        administration.Reinstall,
        ignition.Ignite,
        ignition.LogIn,
        ignition.Open,
        ignition.Fill,
        ignition.Submit,
        ignition.Back,
        storage.Insert,
        storage.Remove,
        storage.Corrupt,
        storage.FailCard,
        storage.FormatCard,
        storage.PutFile,
        storage.RemoveFile,
        storage.TransplantNvm,
        SetEnvironment,
        Expect,
    )
}
