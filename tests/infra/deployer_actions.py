"""What a deployer has to be allowed for each type of resource, and what AWS calls one.

An action is named as in AWS's service authorization reference. Those that make, read and change a resource were
compared with what Terraform's AWS provider asked of an emulated AWS; those that remove one are
from the reference alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ACCOUNT: Final = "eu-central-1:123456789012"
NETWORK: Final = "ec2:CreateTags ec2:DeleteTags"

ACTIONS: Final[Mapping[str, str]] = {
    "apigatewayv2:Api": "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
    "apigatewayv2:ApiMapping": "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
    "apigatewayv2:DomainName": "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
    "apigatewayv2:Integration": "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
    "apigatewayv2:Route": "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
    "apigatewayv2:Stage": "apigateway:POST apigateway:GET apigateway:PATCH apigateway:DELETE",
    "cloudwatch:Dashboard": "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards",
    "cloudwatch:EventRule": "events:PutRule events:DescribeRule events:DeleteRule events:ListTagsForResource"
    " events:TagResource events:UntagResource",
    "cloudwatch:EventTarget": "events:PutTargets events:ListTargetsByRule events:RemoveTargets",
    "cloudwatch:LogGroup": "logs:CreateLogGroup logs:DescribeLogGroups logs:PutRetentionPolicy logs:DeleteLogGroup"
    " logs:ListTagsForResource logs:TagResource logs:UntagResource",
    "cloudwatch:LogMetricFilter": "logs:PutMetricFilter logs:DescribeMetricFilters logs:DeleteMetricFilter",
    "cloudwatch:MetricAlarm": "cloudwatch:PutMetricAlarm cloudwatch:DescribeAlarms cloudwatch:DeleteAlarms"
    " cloudwatch:ListTagsForResource cloudwatch:TagResource cloudwatch:UntagResource",
    "ec2:DefaultSecurityGroup": "ec2:CreateTags ec2:DescribeSecurityGroups ec2:RevokeSecurityGroupIngress"
    " ec2:RevokeSecurityGroupEgress",
    "ec2:InternetGateway": f"{NETWORK} ec2:CreateInternetGateway ec2:AttachInternetGateway ec2:DetachInternetGateway"
    " ec2:DeleteInternetGateway ec2:DescribeInternetGateways",
    "ec2:RouteTable": f"{NETWORK} ec2:CreateRouteTable ec2:CreateRoute ec2:ReplaceRoute ec2:DeleteRoute"
    " ec2:DeleteRouteTable ec2:DescribeRouteTables",
    "ec2:RouteTableAssociation": "ec2:AssociateRouteTable ec2:DisassociateRouteTable ec2:ReplaceRouteTableAssociation",
    "ec2:SecurityGroup": f"{NETWORK} ec2:CreateSecurityGroup ec2:DeleteSecurityGroup ec2:DescribeSecurityGroups"
    " ec2:RevokeSecurityGroupEgress ec2:RevokeSecurityGroupIngress ec2:DescribeNetworkInterfaces",
    "ec2:Subnet": f"{NETWORK} ec2:CreateSubnet ec2:DescribeSubnets ec2:ModifySubnetAttribute ec2:DeleteSubnet",
    "ec2:Vpc": f"{NETWORK} ec2:CreateVpc ec2:DescribeVpcs ec2:DescribeVpcAttribute ec2:ModifyVpcAttribute ec2:DeleteVpc"
    " ec2:DescribeNetworkAcls ec2:DescribeRouteTables ec2:DescribeSecurityGroups",
    "ec2:VpcEndpoint": f"{NETWORK} ec2:CreateVpcEndpoint ec2:DescribeVpcEndpoints ec2:DescribePrefixLists"
    " ec2:ModifyVpcEndpoint ec2:DeleteVpcEndpoints",
    "ecr:LifecyclePolicy": "ecr:PutLifecyclePolicy ecr:GetLifecyclePolicy ecr:DeleteLifecyclePolicy",
    "ecr:Repository": "ecr:CreateRepository ecr:DescribeRepositories ecr:ListTagsForResource ecr:DeleteRepository"
    " ecr:PutImageScanningConfiguration ecr:PutImageTagMutability ecr:TagResource ecr:UntagResource"
    " ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:InitiateLayerUpload ecr:UploadLayerPart"
    " ecr:CompleteLayerUpload ecr:PutImage ecr:BatchGetImage ecr:GetDownloadUrlForLayer",
    "ecs:Cluster": "ecs:CreateCluster ecs:DescribeClusters ecs:UpdateCluster ecs:DeleteCluster ecs:TagResource"
    " ecs:UntagResource",
    "ecs:ClusterCapacityProviders": "ecs:PutClusterCapacityProviders ecs:DescribeClusters",
    "ecs:Service": "ecs:CreateService ecs:DescribeServices ecs:UpdateService ecs:DeleteService ecs:TagResource"
    " ecs:UntagResource",
    "ecs:TaskDefinition": "ecs:RegisterTaskDefinition ecs:DescribeTaskDefinition ecs:DeregisterTaskDefinition"
    " ecs:TagResource ecs:UntagResource",
    "iam:Role": "iam:CreateRole iam:GetRole iam:UpdateRole iam:UpdateAssumeRolePolicy iam:DeleteRole iam:TagRole"
    " iam:UntagRole iam:ListRolePolicies iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole iam:PassRole",
    "iam:RolePolicy": "iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy",
    "lambda:Alias": "lambda:CreateAlias lambda:GetAlias lambda:UpdateAlias lambda:DeleteAlias",
    "lambda:Function": "lambda:CreateFunction lambda:GetFunction lambda:GetFunctionCodeSigningConfig"
    " lambda:GetFunctionConfiguration lambda:ListVersionsByFunction lambda:PublishVersion lambda:UpdateFunctionCode"
    " lambda:UpdateFunctionConfiguration lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency"
    " lambda:DeleteFunction lambda:TagResource lambda:UntagResource lambda:ListTags",
    "lambda:Invocation": "lambda:InvokeFunction",
    "lambda:Permission": "lambda:AddPermission lambda:GetPolicy lambda:RemovePermission",
    "rds:Cluster": "rds:CreateDBCluster rds:DescribeDBClusters rds:ModifyDBCluster rds:DeleteDBCluster"
    " rds:EnableHttpEndpoint rds:ListTagsForResource rds:AddTagsToResource rds:RemoveTagsFromResource"
    " rds:DescribeGlobalClusters rds:CreateDBClusterSnapshot rds:RestoreDBClusterToPointInTime"
    " rds:RestoreDBClusterFromSnapshot",
    "rds:ClusterInstance": "rds:CreateDBInstance rds:DescribeDBInstances rds:ModifyDBInstance rds:RebootDBInstance"
    " rds:DeleteDBInstance rds:ListTagsForResource rds:AddTagsToResource",
    "rds:ClusterParameterGroup": "rds:CreateDBClusterParameterGroup rds:DescribeDBClusterParameterGroups"
    " rds:DescribeDBClusterParameters rds:ModifyDBClusterParameterGroup rds:DeleteDBClusterParameterGroup"
    " rds:ListTagsForResource rds:AddTagsToResource",
    "rds:SubnetGroup": "rds:CreateDBSubnetGroup rds:DescribeDBSubnetGroups rds:ModifyDBSubnetGroup"
    " rds:DeleteDBSubnetGroup rds:ListTagsForResource rds:AddTagsToResource",
    "s3:Bucket": "s3:CreateBucket s3:ListBucket s3:DeleteBucket s3:ListBucketVersions s3:DeleteObject"
    " s3:DeleteObjectVersion s3:GetBucketAcl s3:GetBucketCORS s3:GetBucketLogging s3:GetBucketPolicy"
    " s3:GetBucketTagging s3:GetBucketVersioning s3:GetBucketWebsite s3:GetBucketRequestPayment"
    " s3:GetBucketObjectLockConfiguration"
    " s3:GetAccelerateConfiguration s3:GetEncryptionConfiguration s3:GetLifecycleConfiguration"
    " s3:GetReplicationConfiguration s3:PutBucketTagging",
    "s3:BucketCorsConfiguration": "s3:PutBucketCORS s3:GetBucketCORS",
    "s3:BucketLifecycleConfiguration": "s3:PutLifecycleConfiguration s3:GetLifecycleConfiguration",
    "s3:BucketNotification": "s3:PutBucketNotification s3:GetBucketNotification",
    "s3:BucketPolicy": "s3:PutBucketPolicy s3:GetBucketPolicy s3:DeleteBucketPolicy",
    "s3:BucketPublicAccessBlock": "s3:PutBucketPublicAccessBlock s3:GetBucketPublicAccessBlock",
    "s3:BucketServerSideEncryptionConfiguration": "s3:PutEncryptionConfiguration s3:GetEncryptionConfiguration",
    "s3:BucketVersioning": "s3:PutBucketVersioning s3:GetBucketVersioning",
    "secretsmanager:Secret": "secretsmanager:CreateSecret secretsmanager:DescribeSecret secretsmanager:DeleteSecret"
    " secretsmanager:UpdateSecret secretsmanager:GetResourcePolicy secretsmanager:TagResource"
    " secretsmanager:UntagResource",
    "secretsmanager:SecretVersion": "secretsmanager:PutSecretValue secretsmanager:GetSecretValue"
    " secretsmanager:UpdateSecretVersionStage",
    "sns:Topic": "sns:CreateTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:ListTagsForResource sns:TagResource"
    " sns:DeleteTopic",
    "sns:TopicSubscription": "sns:Subscribe sns:GetSubscriptionAttributes sns:SetSubscriptionAttributes"
    " sns:Unsubscribe",
    "vpc:SecurityGroupEgressRule": f"{NETWORK} ec2:AuthorizeSecurityGroupEgress ec2:RevokeSecurityGroupEgress"
    " ec2:DescribeSecurityGroupRules ec2:ModifySecurityGroupRules",
    "vpc:SecurityGroupIngressRule": f"{NETWORK} ec2:AuthorizeSecurityGroupIngress ec2:RevokeSecurityGroupIngress"
    " ec2:DescribeSecurityGroupRules ec2:ModifySecurityGroupRules",
}

OF_CALLS: Final = (
    *("ec2:DescribeAvailabilityZones", "ec2:DescribeManagedPrefixLists", "ssm:GetParameter"),
    *("secretsmanager:CreateSecret", "secretsmanager:TagResource", "kms:DescribeKey", "iam:CreateServiceLinkedRole"),
    *("logs:CreateLogDelivery", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DeleteLogDelivery"),
)
"""What the program looks up, what RDS asks of who has it keep a password, and the gateway of who has it write a log."""


ARNS: Final[Mapping[str, str]] = {
    "apigatewayv2:Api": "arn:aws:apigateway:eu-central-1::/apis/abc",
    "apigatewayv2:ApiMapping": "arn:aws:apigateway:eu-central-1::/domainnames/flags.example.com/apimappings",
    "apigatewayv2:DomainName": "arn:aws:apigateway:eu-central-1::/domainnames/{domainName}",
    "apigatewayv2:Integration": "arn:aws:apigateway:eu-central-1::/apis/abc/integrations/1",
    "apigatewayv2:Route": "arn:aws:apigateway:eu-central-1::/apis/abc/routes/1",
    "apigatewayv2:Stage": "arn:aws:apigateway:eu-central-1::/apis/abc/stages/$default",
    "cloudwatch:Dashboard": "arn:aws:cloudwatch::123456789012:dashboard/{dashboardName}",
    "cloudwatch:EventRule": "arn:aws:events:{account}:rule/{name}",
    "cloudwatch:EventTarget": "arn:aws:events:{account}:rule/{rule}",
    "cloudwatch:LogGroup": "arn:aws:logs:{account}:log-group:{name}",
    "cloudwatch:LogMetricFilter": "arn:aws:logs:{account}:log-group:{logGroupName}",
    "cloudwatch:MetricAlarm": "arn:aws:cloudwatch:{account}:alarm:{name}",
    "ec2:DefaultSecurityGroup": "arn:aws:ec2:{account}:security-group/sg-0",
    "ec2:InternetGateway": "arn:aws:ec2:{account}:internet-gateway/igw-0",
    "ec2:RouteTable": "arn:aws:ec2:{account}:route-table/rtb-0",
    "ec2:RouteTableAssociation": "arn:aws:ec2:{account}:route-table/rtb-0",
    "ec2:SecurityGroup": "arn:aws:ec2:{account}:security-group/sg-0",
    "ec2:Subnet": "arn:aws:ec2:{account}:subnet/subnet-0",
    "ec2:Vpc": "arn:aws:ec2:{account}:vpc/vpc-0",
    "ec2:VpcEndpoint": "arn:aws:ec2:{account}:vpc-endpoint/vpce-0",
    "ecr:LifecyclePolicy": "arn:aws:ecr:{account}:repository/{repository}",
    "ecr:Repository": "arn:aws:ecr:{account}:repository/{name}",
    "ecs:Cluster": "arn:aws:ecs:{account}:cluster/{name}",
    "ecs:ClusterCapacityProviders": "arn:aws:ecs:{account}:cluster/{clusterName}",
    "ecs:Service": "arn:aws:ecs:{account}:service/{name}/{name}",
    "ecs:TaskDefinition": "arn:aws:ecs:{account}:task-definition/{family}:1",
    "iam:Role": "arn:aws:iam::123456789012:role/{name}",
    "iam:RolePolicy": "arn:aws:iam::123456789012:role/flagstaff-dev-admin",
    "lambda:Alias": "arn:aws:lambda:{account}:function:{functionName}",
    "lambda:Function": "arn:aws:lambda:{account}:function:{name}",
    "lambda:Invocation": "arn:aws:lambda:{account}:function:{functionName}",
    "lambda:Permission": "arn:aws:lambda:{account}:function:{function}",
    "rds:Cluster": "arn:aws:rds:{account}:cluster:{clusterIdentifier}",
    "rds:ClusterInstance": "arn:aws:rds:{account}:db:{identifier}",
    "rds:ClusterParameterGroup": "arn:aws:rds:{account}:cluster-pg:{name}",
    "rds:SubnetGroup": "arn:aws:rds:{account}:subgrp:{name}",
    "s3:Bucket": "arn:aws:s3:::{bucketPrefix}0",
    "secretsmanager:Secret": "arn:aws:secretsmanager:{account}:secret:{namePrefix}0",
    "secretsmanager:SecretVersion": "arn:aws:secretsmanager:{account}:secret:flagstaff-dev-interval-key-0",
    "sns:Topic": "arn:aws:sns:{account}:{name}",
    "sns:TopicSubscription": "arn:aws:sns:{account}:flagstaff-dev-alarms:0",
    "vpc:SecurityGroupEgressRule": "arn:aws:ec2:{account}:security-group-rule/sgr-0",
    "vpc:SecurityGroupIngressRule": "arn:aws:ec2:{account}:security-group-rule/sgr-0",
}
"""What AWS calls a resource; the settings of a bucket go by the bucket."""


def arn_of(kind: str, inputs: Mapping[str, Any]) -> str:
    """Return what AWS would call a resource that the program declares."""
    if kind.startswith("s3:") and kind != "s3:Bucket":
        return "arn:aws:s3:::flagstaff-dev-0"
    return ARNS[kind].format(account=ACCOUNT, **inputs)
